import { isRecord } from '../store/snapshot';
import { badRequest, notFound } from './errors';
import { isGuid, type Call } from './route';

/** The request's JSON object. Throws Graph's 400 when there is none. */
export function objectBody(call: Call): Readonly<Record<string, unknown>> {
  if (call.body === undefined) {
    throw badRequest(
      "An unexpected 'EndOfInput' node was found when reading from the JSON reader. A 'StartObject' node was expected.",
    );
  }
  if (!isRecord(call.body)) throw badRequest('Unable to read JSON request payload.');
  return call.body;
}

/** A text of the body that must be there. */
export function requiredText(body: Readonly<Record<string, unknown>>, property: string): string {
  const value = body[property];
  if (typeof value !== 'string' || value === '') {
    throw badRequest(`A value is required for property '${property}' of resource.`);
  }
  return value;
}

/** A GUID of the body that must be there, in lower case. */
export function requiredGuid(body: Readonly<Record<string, unknown>>, property: string): string {
  const value = requiredText(body, property);
  if (!isGuid(value)) throw badRequest(`Invalid value specified for property '${property}' of resource.`);
  return value.toLowerCase();
}

const reference =
  /^https:\/\/[^/]+\/(?:v1\.0|beta)\/(directoryObjects|users|groups|servicePrincipals|devices)(?:\/([^/]+)|\('([^']+)'\))$/i;

/** The id that a `{"@odata.id": "https://…/directoryObjects/{id}"}` body points at. Throws Graph's 400 for anything else. */
export function referencedId(call: Call): string {
  const link = objectBody(call)['@odata.id'];
  if (typeof link !== 'string') throw badRequest("The property '@odata.id' is missing in the request body.");
  return idOfLink(link);
}

/** The id in a link to a directory object. */
export function idOfLink(link: string): string {
  const [, , plain, keyed] = reference.exec(link) ?? [];
  const id = plain ?? keyed;
  if (id === undefined) throw badRequest('The value of the entity reference link is not a valid URI.');
  if (!isGuid(id)) throw badRequest('Invalid object identifier in the entity reference link.');
  return id.toLowerCase();
}

/** Refuses an id in a path that is not a GUID where the directory expects one. */
export function guidParam(id: string): string {
  if (!isGuid(id)) throw notFound(id);
  return id;
}
