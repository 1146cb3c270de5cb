/** Goldens as calls of a backend. */
import { bigbirdCall } from './bigbird.ts';
import { denseCall } from './dense.ts';
import type { Golden, GoldenCall } from './golden.ts';
import { linformerCall, linformerPlainCall } from './linformer.ts';
import { longformerCall } from './longformer.ts';
import { localCall } from './local.ts';
import { lshAltCall } from './lsh-alt.ts';
import { lshCall } from './lsh.ts';
import { windowCall } from './window.ts';

export * from './golden.ts';

/**
 * The calls of a golden, by name. All must give equal results.
 *
 * @example
 * const golden = await readGolden(entry);
 * for (const call of Object.values(goldenCalls(golden))) await runGolden(backend, golden, call);
 */
export function goldenCalls(golden: Golden): Readonly<Record<string, GoldenCall>> {
  const { group } = golden.entry;
  switch (group) {
    case 'dense':
      return { attention: denseCall(golden) };
    case 'window':
      return { attention: windowCall(golden) };
    case 'longformer':
      return { bhnd: longformerCall(golden, 'bhnd'), bnhd: longformerCall(golden, 'bnhd') };
    case 'bigbird':
      return { layer: bigbirdCall(golden) };
    case 'lsh':
      return { bhnd: lshCall(golden, 'bhnd'), bnhd: lshCall(golden, 'bnhd') };
    case 'lsh_alt':
      return { attention: lshAltCall(golden) };
    case 'local':
      return { bhnd: localCall(golden, 'bhnd'), bnhd: localCall(golden, 'bnhd') };
    case 'linformer':
      return { bhnd: linformerCall(golden, 'bhnd'), bnhd: linformerCall(golden, 'bnhd') };
    case 'linformer_plain':
      return { call: linformerPlainCall(golden) };
    default:
      return group satisfies never;
  }
}
