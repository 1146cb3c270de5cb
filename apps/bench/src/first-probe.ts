/**
 * Prints the milliseconds of looking at this machine for the first time, once
 * more, and of calibrating. Run in a fresh process by `suites/start.ts`.
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
