/** How much memory grows while a small model writes a long text. */
import type { SuiteOptions, Table } from '../suite.ts';
import { inProcess } from './over-floor.ts';
import type { SteadyGrowth, SteadyTask } from './steady-process.ts';

/** A small model on disk. */
export interface SmallModel {
  readonly name: string;
  readonly folder: string;
}

/** Writes a text of thousands of tokens on each backend. */
export async function steadiness(
  { name, folder }: SmallModel,
  backends: readonly SteadyTask['backend'][],
  { threads = 2, quick, log }: SuiteOptions,
): Promise<Table> {
  const [before, steps] = quick ? [150, 100] : [2_150, 2_000];
  const rows: Table['rows'][number][] = [];
  for (const backend of backends) {
    log(`${name}: memory over steps, ${backend}`);
    const task: SteadyTask = { folder, backend, threads, before, steps };
    const growth = await inProcess<SteadyGrowth>('steady-process', task);
    rows.push({
      backend,
      steps,
      'ms a step': growth.ms,
      'JavaScript, kB': growth.heap / 1e3,
      'buffers, kB': growth.buffers / 1e3,
      'resident, kB': growth.resident / 1e3,
    });
  }
  const note = `A small ${name} in a fresh process: what grows from step ${before} to step ${before + steps}, after garbage is collected.`;
  return { title: `Memory over many steps, ${name}`, note, rows };
}
