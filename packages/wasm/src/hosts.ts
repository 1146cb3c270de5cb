/** Which host computes: found out by the probe, loaded when it is first needed, ended with the backend. */
import { AttnError, type Probe } from '@attn/core';
import { nodeProcess } from './engine/host.ts';
import type { Host, HostOptions } from './host.ts';
import type { LocalHost } from './local-host.ts';
import { look } from './probe.ts';
import type { RemoteHost } from './remote/remote-host.ts';
import { whyNoHelper } from './workers/start-helper.ts';

/** What a backend is made with. */
export interface WasmBackendOptions extends HostOptions {
  /** `preferred`: in a worker, or here where none can be started. */
  readonly offMainThread: boolean | 'preferred';
}

export class Hosts {
  private readonly options: WasmBackendOptions;
  private localHost: Promise<LocalHost> | undefined;
  private remoteHost: Promise<RemoteHost> | undefined;
  /** Why graphs are not computed in a worker, though that was preferred. */
  private whyHere: string | undefined;
  private disposed = false;

  constructor(options: WasmBackendOptions) {
    this.options = options;
  }

  /** Looks where graphs are going to be computed: in a worker, which is started for it, or here. */
  async probe(): Promise<Probe> {
    try {
      if (this.options.offMainThread === false) return await this.lookHere();
      const probe = await (await this.remote()).probe();
      this.whyHere = undefined;
      return probe;
    } catch (error) {
      return this.lookInstead(error).catch((cause: unknown): Probe => ({
        available: false,
        reason: notLoaded(cause),
      }));
    }
  }

  /** The host that computes, after `probe`. Errors: `DISPOSED`, `BACKEND_UNAVAILABLE`. */
  async get(where: string): Promise<Host> {
    const isRemote = this.options.offMainThread !== false && this.whyHere === undefined;
    const host = await (isRemote ? this.remote() : this.local()).catch((cause: unknown) => {
      throw new AttnError('BACKEND_UNAVAILABLE', where, notLoaded(cause), { cause });
    });
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    return host;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const hosts = [this.localHost, this.remoteHost].map((host) => host?.catch(() => undefined));
    await Promise.all(hosts.map(async (host) => (await host)?.dispose()));
  }

  /** No worker, or no engine, could be started. */
  private async lookInstead(error: unknown): Promise<Probe> {
    const { offMainThread } = this.options;
    // With the backend its worker ends, which is nothing to warn of.
    if (offMainThread === false || this.disposed) return { available: false, reason: notLoaded(error) };
    const { warnOfOwnThread, whyNoWorker } = await import('./remote/no-worker.ts');
    const reason = whyNoWorker(error);
    if (offMainThread === true) return { available: false, reason };
    this.whyHere = reason;
    const probe = await this.lookHere();
    if (!probe.available) return probe;
    warnOfOwnThread(reason);
    return {
      ...probe,
      summary: `${probe.summary}, which is the page's own`,
      absences: [...(probe.absences ?? []), reason],
    };
  }

  /** In Node, Deno and Bun nothing needs to be loaded or started to know. */
  private async lookHere(): Promise<Probe> {
    if (nodeProcess() !== undefined && this.localHost === undefined) {
      const options = this.optionsHere();
      return look(options, options.startHelper === undefined ? whyNoHelper() : undefined).probe;
    }
    return (await this.local()).probe();
  }

  /** The page's own thread has no helpers where its worker did not start: they would not start either. */
  private optionsHere(): HostOptions {
    return this.whyHere === undefined ? this.options : { ...this.options, threads: 1, sharedMemory: false };
  }

  private local(): Promise<LocalHost> {
    this.localHost ??= import('./local-host.ts').then(
      ({ LocalHost }) => new LocalHost(this.optionsHere()),
      (error: unknown) => {
        this.localHost = undefined;
        throw error;
      },
    );
    return this.localHost;
  }

  private remote(): Promise<RemoteHost> {
    this.remoteHost ??= import('./remote/remote-host.ts').then(
      ({ RemoteHost }) => new RemoteHost(this.options),
      (error: unknown) => {
        this.remoteHost = undefined;
        throw error;
      },
    );
    return this.remoteHost;
  }
}

function notLoaded(error: unknown): string {
  return `a part of it could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
}
