/** A refusal in Resource Manager's words: `{error: {code, message}}`, at Resource Graph with `details`. */
export class ArmError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details?: readonly { readonly code: string; readonly message: string }[],
  ) {
    super(message);
  }
}

/** 403 for an action that no role assignment of the caller allows at the scope. */
export const unauthorized = (callerId: string, action: string, scope: string): ArmError =>
  new ArmError(
    403,
    'AuthorizationFailed',
    `The client '${callerId}' with object id '${callerId}' does not have authorization to perform action '${action}' ` +
      `over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
