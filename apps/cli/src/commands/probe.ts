/** `attn probe`: lists the backends of this machine, and says why others are not available. */
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
  const probes = await withAttn(undefined, context, async (attn) => attn.probe());
  const platform = { node: process.version, platform: process.platform, arch: process.arch };
  context.printJson({ ...platform, backends: probes });
  const rows = probes.map((probe) => [
    probe.name,
    probe.available ? 'yes' : 'no',
    probe.available ? probe.summary : probe.reason,
    probe.available ? describe(probe.features) : '',
  ]);
  const columns = ['backend', 'available', 'what', 'features'].map((title) => ({ title }));
  context.print(table(columns, rows));
  for (const probe of probes) {
    for (const absence of (probe.available && probe.absences) || [])
      context.print(`\n${probe.name}: ${absence}`);
  }
}

function describe(features: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(features)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ');
}
