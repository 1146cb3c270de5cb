/** The memory of the tab, where the browser measures it: Chromium, in isolated pages. */

interface Measuring {
  readonly measureUserAgentSpecificMemory?: () => Promise<{ readonly bytes: number }>;
}

const { performance: clock } = globalThis as { readonly performance: Performance & Measuring };

/** Whether this browser measures it. */
export const canMeasureMemory: boolean =
  crossOriginIsolated && clock.measureUserAgentSpecificMemory !== undefined;

/**
 * Bytes of the tab with its workers; undefined where the browser refuses. It waits for a garbage collection.
 */
export async function tabMemory(): Promise<number | undefined> {
  try {
    return (await clock.measureUserAgentSpecificMemory?.())?.bytes;
  } catch {
    return undefined;
  }
}
