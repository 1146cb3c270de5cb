/**
 * `npm run verify-hub`: downloads real models, some gigabytes, and compares them with the numbers that their
 * originals' tests publish. It needs a network; without one it says so and exits with 1.
 */
import { createAttn } from '@attn/auto';
import { AttnError } from '@attn/core';
import { cac } from 'cac';
import { markdownTable } from 'markdown-table';
import type { Outcome } from './check.ts';
import { PUBLISHED } from './published.ts';
import { verify } from './verify.ts';

interface Flags {
  readonly only?: string;
  readonly cache?: string;
  readonly hubUrl?: string;
  readonly token?: string;
  readonly json?: boolean;
}

async function main(argv: readonly string[]): Promise<number> {
  const cli = cac('verify-hub');
  cli
    .option('--only <text>', 'Only models whose id contains this')
    .option('--cache <folder>', 'Where models are kept (default: that of Hugging Face’s libraries)')
    .option('--hub-url <url>', 'Another hub (default: HF_ENDPOINT, or https://huggingface.co)')
    .option('--token <text>', 'For gated models (default: HF_TOKEN)')
    .option('--json', 'Print one JSON object instead of a table')
    .help();
  cli.parse(['node', 'verify-hub', ...argv]);
  const flags: Flags & { readonly help?: boolean } = cli.options;
  if (flags.help) return 0;
  const models = PUBLISHED.filter(({ id }) => id.includes(flags.only ?? ''));
  if (models.length === 0) {
    console.error(`[attn/verify-hub] no model’s id contains ${flags.only}: there are ${idsOf(PUBLISHED)}`);
    return 2;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const attn = await createAttn();
  try {
    const outcomes = await verify(models, {
      attn,
      signal: stop.signal,
      onStep: showStep,
      ...(flags.cache !== undefined && { cacheFolder: flags.cache }),
      ...(flags.hubUrl !== undefined && { hubUrl: flags.hubUrl }),
      ...(flags.token !== undefined && { accessToken: flags.token }),
    });
    showStep('');
    console.log(flags.json ? JSON.stringify({ outcomes }) : tableOf(outcomes));
    return outcomes.every(({ fault }) => fault === undefined) ? 0 : 1;
  } catch (error) {
    showStep('');
    const isOffline = error instanceof AttnError && error.code === 'TIMEOUT';
    const reason = error instanceof Error ? error.message : String(error);
    console.error(isOffline ? `[attn/verify-hub] there is no network to the hub: ${reason}` : reason);
    return 1;
  } finally {
    await attn.dispose();
  }
}

function idsOf(models: readonly { readonly id: string }[]): string {
  return [...new Set(models.map(({ id }) => id))].join(', ');
}

/** Rewrites the last line of a terminal; elsewhere prints each new step, but no percentages. */
function showStep(text: string): void {
  const { stderr } = process;
  if (stderr.isTTY) stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns || 80) - 1)}`);
  else if (text !== '' && !text.endsWith(' %')) stderr.write(`${text}\n`);
}

function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ model, what, fault, worst }) => [
    model,
    what,
    worst === undefined ? '' : `${(100 * worst).toFixed(0)} %`,
    fault === undefined ? 'equal' : fault,
  ]);
  const failures = outcomes.filter(({ fault }) => fault !== undefined).length;
  const table = markdownTable([['model', 'value', 'of the tolerance', 'result'], ...rows], {
    align: ['l', 'l', 'r', 'l'],
  });
  return `${table}\n\n${outcomes.length - failures} of ${outcomes.length} values are the published ones.`;
}

process.exitCode = await main(process.argv.slice(2));
