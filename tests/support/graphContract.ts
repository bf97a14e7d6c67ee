import { resolve } from 'node:path';
import { documentFile, readDocument, type GraphDocument } from './graphContract/document';
import { ExchangeChecks, type ContractEntry } from './graphContract/exchanges';
import { permissionTable, type PermissionsOf } from './graphContract/permissions';

export type { ContractEntry } from './graphContract/exchanges';

/**
 * Microsoft's published description of Graph v1.0, asked about recorded exchanges. Every check returns problems, an
 * empty list means: conforms. Problems name places and rules, never values. Requests inside a `$batch` are checked as
 * requests of their own.
 */
export interface GraphContract {
  /** False where the document is not on this machine; then every check returns a problem that says so. */
  readonly available: boolean;
  validateRequest(entry: ContractEntry): string[];
  validateResponse(entry: ContractEntry): string[];
  /** Validates any body against a published type, such as `microsoft.graph.changeNotificationCollection`. */
  validateType(name: string, body: unknown): string[];
  operationOf(method: string, path: string): { template: string; operationId: string } | undefined;
  /** Application permissions (see PermissionRow); works without the document, and for beta paths of the table. */
  readonly permissionsOf: PermissionsOf;
}

const projectRoot = resolve(__dirname, '../..');
const absent = "Microsoft's OpenAPI subset is not here (set GRAPH_OPENAPI)";
const contracts = new Map<string, GraphContract>();

/** Loads the contract once per process and file: GRAPH_OPENAPI, otherwise the shared folder beside the project. */
export function loadGraphContract(file: string = documentFile(projectRoot)): GraphContract {
  const known = contracts.get(file);
  if (known !== undefined) return known;
  const document = readDocument(file);
  const permissionsOf = permissionTable(projectRoot);
  const contract = document === undefined ? withoutDocument(permissionsOf) : fromDocument(document, permissionsOf);
  contracts.set(file, contract);
  return contract;
}

/**
 * The contract, or undefined after a loud line on stderr where the document is missing. Under CI (environment CI is
 * set) it throws instead: there a missing document must not look like a passed check.
 */
export function requireGraphContract(file?: string): GraphContract | undefined {
  const contract = loadGraphContract(file);
  if (contract.available) return contract;
  const inCi = process.env['CI'];
  if (inCi !== undefined && inCi !== '') throw new Error(`${absent}.`);
  process.stderr.write(`\nskipped: ${absent}\n`);
  return undefined;
}

function withoutDocument(permissionsOf: PermissionsOf): GraphContract {
  const refuse = (): string[] => [absent];
  return {
    available: false,
    validateRequest: refuse,
    validateResponse: refuse,
    validateType: refuse,
    operationOf: () => undefined,
    permissionsOf,
  };
}

function fromDocument(document: GraphDocument, permissionsOf: PermissionsOf): GraphContract {
  const checks = new ExchangeChecks(document);
  return {
    available: true,
    validateRequest: (entry) => checks.request(entry),
    validateResponse: (entry) => checks.response(entry),
    validateType: (name, body) => checks.type(name, body),
    operationOf: (method, path) => {
      const operation = checks.operation(method, path);
      return typeof operation === 'string'
        ? undefined
        : { template: operation.template, operationId: operation.operationId };
    },
    permissionsOf,
  };
}
