/**
 * Environment variables that steer a run. A process has an environment; a page gets one from its dev server.
 */
import { aPositiveNumber, checkArgument } from '@attn/core/backend';

/** The value of an environment variable, or undefined. */
export function environment(
  name: 'ATTN_CASES' | 'ATTN_SEED' | 'ATTN_RUNS' | 'ATTN_SUITE' | 'ATTN_PATIENCE',
): string | undefined {
  const { process } = globalThis as { process?: { env?: Environment } };
  const page = (import.meta as ImportMeta & { env?: Environment }).env;
  return process?.env?.[name] ?? page?.[name];
}

/** Whether everything runs, as in `npm run check`; by default what takes long runs in part. */
export function isWholeRun(): boolean {
  return environment('ATTN_SUITE') === 'whole';
}

/**
 * How many times its limit a case may take, on a machine that is slow or busy: 1 by default. Errors:
 * `INVALID_ARGUMENT`.
 */
export function patience(): number {
  const times = Number(environment('ATTN_PATIENCE') ?? 1);
  return checkArgument('conformance/describeConformance', 'ATTN_PATIENCE', times, aPositiveNumber);
}

type Environment = Readonly<Record<string, string | undefined>>;
