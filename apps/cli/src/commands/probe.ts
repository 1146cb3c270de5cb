/** `attn probe`: which backends this machine has, and why not the others. */
import type { Options } from '../args.ts';
import { withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { table } from '../terminal/table.ts';

/** The command. */
export const probe: Command = {
  name: 'probe',
  summary: 'List the backends: available or why not, and their features',
  options: [],
  examples: ['probe', 'probe --json'],
  run: runProbe,
};

async function runProbe(_options: Options, context: Context): Promise<void> {
  const found = await withAttn(undefined, context, async (attn) => attn.probe());
  const platform = { node: process.version, platform: process.platform, arch: process.arch };
  context.printJson({ ...platform, backends: found });
  const rows = found.map((one) => [
    one.name,
    one.available ? 'yes' : 'no',
    one.available ? one.summary : one.reason,
    one.available ? describe(one.features) : '',
  ]);
  const columns = ['backend', 'available', 'what', 'features'].map((title) => ({ title }));
  context.print(table(columns, rows));
  for (const one of found) {
    for (const absence of (one.available && one.absences) || []) context.print(`\n${one.name}: ${absence}`);
  }
}

function describe(features: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(features)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ');
}
