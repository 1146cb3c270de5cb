/** Steps of generation, beside the time in which the process can read what a step must read. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from 'simple-statistics';
import type { GenerateTask, GenerateTimes } from './generate-process.ts';
import type { SteadyTask } from './steady-process.ts';

/** Steps of a window, over which a median is taken. */
export const WINDOW = 16;

/** Runs a script of this folder in a fresh process, and reads the object that it prints. */
export async function inProcess<R>(script: string, task: GenerateTask | SteadyTask): Promise<R> {
  const path = fileURLToPath(new URL(`./${script}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, JSON.stringify(task)]);
  return JSON.parse(stdout) as R;
}

/**
 * Medians over a window of steps; without bandwidths, only their time. `bytesOf` says what a step reads when
 * so many tokens have been written.
 */
export function overFloor(
  { steps, bandwidths, inPlaces }: GenerateTimes,
  bytesOf: (written: number) => number,
  from: number,
): { readonly ms: number; readonly floor: number; readonly inPlaces: number; readonly ratio: number } {
  const window = steps.slice(from, from + WINDOW);
  const timesToRead = (rates: readonly number[]): number[] =>
    window.map((_, i) => {
      const step = from + i;
      return (1000 * bytesOf(step + 1)) / ((rates[step] + rates[step + 1]) / 2);
    });
  const floors = timesToRead(bandwidths);
  return {
    ms: median(window),
    floor: median(floors),
    inPlaces: median(timesToRead(inPlaces)),
    ratio: median(window.map((ms, i) => ms / floors[i])),
  };
}
