import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** One process of the stack. */
export interface ChildPlan {
  name: string;
  script: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Resolves when the process can be used; `message` is the first message it sends, `ended` tells of its end. */
  ready: (message: Promise<unknown>, ended: AbortSignal) => Promise<unknown>;
}

/**
 * Keeps a process running: one that ends unasked is started again the same way, as a platform would. Gives up, and
 * tells `onGivenUp`, when it does not get ready any more.
 */
export class Child {
  private process: ChildProcess | undefined;
  private stopping = false;
  private readonly log: WriteStream;

  constructor(
    private readonly plan: ChildPlan,
    private readonly onRestart: () => void,
    private readonly onGivenUp: (reason: string) => void,
  ) {
    mkdirSync(path.dirname(plan.logFile), { recursive: true });
    this.log = createWriteStream(plan.logFile, { flags: 'a' });
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  /** Starts the process and waits until it is ready. Returns what `ready` returned. */
  async start(): Promise<unknown> {
    const { name, script, args, env, ready } = this.plan;
    // Its own process group: Ctrl-C reaches the parent alone, which then stops its children in order.
    const child = fork(script, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.process = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.pipe(this.log, { end: false });
      stream?.on('data', (chunk: Buffer) => (said = lastLines(said + chunk.toString('utf8'))));
    }
    // "close" comes after the last output, "exit" may come before it.
    const died = once(child, 'close').then(([code, signal]) => {
      throw new Error(`the ${name} ended at its start (${String(signal ?? code)}):\n${said}`);
    });
    const ended = new AbortController();
    child.once('close', () => ended.abort());
    const message = once(child, 'message').then(([first]: unknown[]) => first);
    message.catch(() => undefined);
    const answer = await Promise.race([ready(message, ended.signal), died]);
    died.catch(() => undefined);
    child.once('exit', () => void this.afterDeath());
    return answer;
  }

  /** Stops the process; kills it when it does not end in time. */
  async stop(): Promise<void> {
    this.stopping = true;
    const child = this.process;
    if (child === undefined || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([ended, delay(8_000, undefined, { ref: false })]);
    if (!hasEnded(child)) {
      child.kill('SIGKILL');
      await ended;
    }
    this.log.end();
  }

  private async afterDeath(): Promise<void> {
    if (this.stopping) return;
    try {
      await this.start();
      this.onRestart();
    } catch (error) {
      this.giveUp(error instanceof Error ? error.message : String(error));
    }
  }

  private giveUp(reason: string): void {
    if (!this.stopping) this.onGivenUp(reason);
  }
}

/** The end of what a process said, for people who want to know why it ended. */
function lastLines(text: string): string {
  return text.split('\n').slice(-15).join('\n');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
