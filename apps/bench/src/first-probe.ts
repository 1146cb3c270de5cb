/**
 * Prints the milliseconds of probing this machine for the first time, of probing
 * it again, and of calibrating. `suites/start.ts` runs this in a fresh process.
 */
const { createAttn } = await import('@attn/auto');
const start = performance.now();
const attn = await createAttn({ cache: false });
const first = performance.now() - start;
const again = await createAttn();
const second = performance.now() - start - first;
const from = performance.now();
await attn.calibrate();
const calibration = performance.now() - from;
process.stdout.write(JSON.stringify({ first, second, calibration, backends: attn.probe().length }));
await attn.dispose();
await again.dispose();
export {};
