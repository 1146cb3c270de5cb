/** What this browser has, for banners and for figures that visitors send us. */

/** A description of the browser, without anything that names its user. */
export interface Machine {
  readonly userAgent: string;
  readonly cores: number;
  /** Gigabytes, rounded by the browser; absent where it does not say. */
  readonly memoryGb?: number;
  readonly isIsolated: boolean;
  /** The GPU's adapter; absent where there is none. */
  readonly gpu?: string;
}

/** Looks at the browser, from inside the worker. */
export async function describeMachine(): Promise<Machine> {
  const { userAgent, hardwareConcurrency, deviceMemory, gpu } = navigator as Navigator & {
    readonly deviceMemory?: number;
  };
  const info = (await gpu?.requestAdapter().catch(() => null))?.info;
  const words = info === undefined ? [] : [info.vendor, info.architecture, info.device, info.description];
  const name = words.filter((word) => word !== '').join(' ');
  return {
    userAgent,
    cores: hardwareConcurrency,
    ...(deviceMemory === undefined ? {} : { memoryGb: deviceMemory }),
    isIsolated: crossOriginIsolated,
    ...(info === undefined ? {} : { gpu: name || 'a GPU' }),
  };
}
