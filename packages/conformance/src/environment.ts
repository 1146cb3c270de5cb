/**
 * Environment variables that steer a run. A process has an environment; a page gets one from its dev server.
 */

/** The value of an environment variable, or undefined. */
export function environment(
  name: 'ATTN_CASES' | 'ATTN_SEED' | 'ATTN_RUNS' | 'ATTN_SUITE',
): string | undefined {
  const { process } = globalThis as { process?: { env?: Environment } };
  const page = (import.meta as ImportMeta & { env?: Environment }).env;
  return process?.env?.[name] ?? page?.[name];
}

/** Whether everything runs, as in `npm run check`; by default what takes long runs in part. */
export function isWholeRun(): boolean {
  return environment('ATTN_SUITE') === 'whole';
}

type Environment = Readonly<Record<string, string | undefined>>;
