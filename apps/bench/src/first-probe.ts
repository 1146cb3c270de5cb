/** Prints the milliseconds of looking at this machine for the first time, and once more. Run in a fresh process by `suites/start.ts`. */
const { createAttn } = await import('@attn/auto');
const start = performance.now();
const attn = await createAttn();
const first = performance.now() - start;
const again = await createAttn();
const second = performance.now() - start - first;
process.stdout.write(JSON.stringify({ first, second, backends: attn.probe().length }));
await attn.dispose();
await again.dispose();
export {};
