/** The name under which measurements are stored: they hold for one machine and one JavaScript engine. */
import { builtin, runtime } from '../util/runtime.ts';

/** The machine and its engine, as far as the speed of code depends on them: `Xeon ×2 x64 node 24.1.0`. */
export function machineName(): string {
  const { navigator, process } = runtime();
  const os = builtin<{ cpus(): readonly { readonly model: string }[]; availableParallelism?(): number }>(
    'node:os',
  );
  if (os === undefined) return `${navigator?.userAgent ?? ''} ×${navigator?.hardwareConcurrency ?? 1}`;
  const cpus = os.cpus();
  const engine = process?.versions?.bun === undefined ? 'node' : 'bun';
  const version = process?.versions?.[engine] ?? '';
  const cores = os.availableParallelism?.() ?? cpus.length;
  return `${cpus[0]?.model.trim() ?? ''} ×${cores} ${process?.arch ?? ''} ${engine} ${version}`;
}
