/** Chooses the site of a backend's engine by a probe, loads it when it is first needed, and ends it. */
import { AttnError, type Probe } from '@attn/core';
import { nodeProcess } from '@attn/core/backend';
import type { EngineSite, EngineSiteOptions } from './engine-site.ts';
import type { LocalSite } from './local-site.ts';
import { probeRuntime } from './probe.ts';
import type { RemoteSite } from './remote/remote-site.ts';
import { whyNoHelper } from './workers/start-helper.ts';

/** Options of a backend, checked. */
export interface WasmBackendOptions extends EngineSiteOptions {
  /** `preferred`: in a worker, or on the calling thread where no worker can be started. */
  readonly offMainThread: boolean | 'preferred';
}

export class SiteChooser {
  private readonly options: WasmBackendOptions;
  private localSite: Promise<LocalSite> | undefined;
  private remoteSite: Promise<RemoteSite> | undefined;
  /** Why the calling thread computes although a worker was preferred. */
  private whyNoWorker: string | undefined;
  private disposed = false;

  constructor(options: WasmBackendOptions) {
    this.options = options;
  }

  /** Finds out where graphs will be computed: in a worker, which this starts, or on the calling thread. */
  async probe(): Promise<Probe> {
    try {
      if (this.options.offMainThread === false) return await this.probeLocally();
      const probe = await (await this.remote()).probe();
      this.whyNoWorker = undefined;
      return probe;
    } catch (error) {
      return this.probeWithoutWorker(error).catch((cause: unknown): Probe => ({
        available: false,
        reason: notLoaded(cause),
      }));
    }
  }

  /** The site that computes, after `probe`. Errors: `DISPOSED`, `BACKEND_UNAVAILABLE`. */
  async get(where: string): Promise<EngineSite> {
    const isRemote = this.options.offMainThread !== false && this.whyNoWorker === undefined;
    const site = await (isRemote ? this.remote() : this.local()).catch((cause: unknown) => {
      throw new AttnError('BACKEND_UNAVAILABLE', where, notLoaded(cause), { cause });
    });
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    return site;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const sites = [this.localSite, this.remoteSite].map((site) => site?.catch(() => undefined));
    await Promise.all(sites.map(async (site) => (await site)?.dispose()));
  }

  /** The probe after a worker, or an engine, could not be started. */
  private async probeWithoutWorker(error: unknown): Promise<Probe> {
    const { offMainThread } = this.options;
    // A disposed backend ends its worker: that is no reason to warn.
    if (offMainThread === false || this.disposed) return { available: false, reason: notLoaded(error) };
    const { warnOfOwnThread, whyNoWorker } = await import('./remote/no-worker.ts');
    const reason = whyNoWorker(error);
    if (offMainThread === true) return { available: false, reason };
    this.whyNoWorker = reason;
    const probe = await this.probeLocally();
    if (!probe.available) return probe;
    warnOfOwnThread(reason);
    return {
      ...probe,
      summary: `${probe.summary}, which is the page's own`,
      absences: [...(probe.absences ?? []), reason],
    };
  }

  /** The probe of the calling thread. In Node, Deno and Bun it loads and starts nothing. */
  private async probeLocally(): Promise<Probe> {
    if (nodeProcess() !== undefined && this.localSite === undefined) {
      const options = this.localOptions();
      return probeRuntime(options, options.startHelper === undefined ? whyNoHelper() : undefined).probe;
    }
    return (await this.local()).probe();
  }

  /** A page whose worker did not start gets no helpers either: they would not start. */
  private localOptions(): EngineSiteOptions {
    return this.whyNoWorker === undefined
      ? this.options
      : { ...this.options, threads: 1, sharedMemory: false };
  }

  private local(): Promise<LocalSite> {
    this.localSite ??= import('./local-site.ts').then(
      ({ LocalSite }) => new LocalSite(this.localOptions()),
      (error: unknown) => {
        this.localSite = undefined;
        throw error;
      },
    );
    return this.localSite;
  }

  private remote(): Promise<RemoteSite> {
    this.remoteSite ??= import('./remote/remote-site.ts').then(
      ({ RemoteSite }) => new RemoteSite(this.options),
      (error: unknown) => {
        this.remoteSite = undefined;
        throw error;
      },
    );
    return this.remoteSite;
  }
}

function notLoaded(error: unknown): string {
  return `a part of it could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
}
