import http from 'node:http';
import { createRequire } from 'node:module';

/*
 * Runs Azurite as a child of the local stack: the package's own command, with two things that it lacks. It ends when
 * its parent does, however the parent ended. And what it answered is on disk: by itself Azurite writes its tables
 * every five seconds, so that a killed emulator forgets what no storage account would forget. Arguments are Azurite's.
 */

interface Loki {
  autosaveDirty(): boolean;
  saveDatabase(done: (error?: unknown) => void): void;
  configureOptions(options: unknown, initialConfig: unknown): void;
}

/** The in-memory database that Azurite uses, from Azurite's own dependencies. */
const lokijs = createRequire(require.resolve('azurite/package.json'))('lokijs') as { prototype: Loki };
const databases = new Set<Loki>();

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its database below
const configureOptions = lokijs.prototype.configureOptions;
lokijs.prototype.configureOptions = function (this: Loki, options, initialConfig) {
  databases.add(this);
  configureOptions.call(this, options, initialConfig);
};

async function saveAll(): Promise<void> {
  const dirty = [...databases].filter((database) => database.autosaveDirty());
  await Promise.all(dirty.map((database) => new Promise((resolve) => database.saveDatabase(resolve))));
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its response below
const end = http.ServerResponse.prototype.end as (...args: unknown[]) => http.ServerResponse;
http.ServerResponse.prototype.end = function (this: http.ServerResponse, ...args: unknown[]): http.ServerResponse {
  if (this.req.method === 'GET' || this.req.method === 'HEAD') return end.apply(this, args);
  void saveAll().then(() => end.apply(this, args));
  return this;
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its server below
const close = http.Server.prototype.close;
http.Server.prototype.close = function (this: http.Server, done?: (error?: Error) => void): http.Server {
  close.call(this, done);
  // Clients keep connections open; waiting for them would take longer than a stop is given.
  this.closeAllConnections();
  return this;
};

process.on('disconnect', () => process.emit('SIGTERM'));
// The channel tells when the parent is gone; it must not keep a stopped emulator alive.
process.channel?.unref();

// Azurite's command reads process.argv when it is loaded.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- loading it is what starts it
require('azurite/dist/src/azurite');
