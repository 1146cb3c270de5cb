/**
 * A child process of a contest: prepares one candidate, checks its
 * result, then runs it whenever it is told to.
 */
import { peakGrowth, peakResident } from '../memory.ts';
import type { Candidate, Contestant, MakeContestant, Order, Report } from './protocol.ts';

const KINDS: Readonly<Record<Candidate['kind'], () => Promise<MakeContestant>>> = {
  attention: async () => (await import('../candidates/attention.ts')).makeAttention,
  executable: async () => (await import('../candidates/attention.ts')).makeExecutable,
  session: async () => (await import('../candidates/session.ts')).makeSession,
  linear: async () => (await import('../candidates/linear.ts')).makeLinear,
  lsh: async () => (await import('../candidates/lsh.ts')).makeLsh,
  linformer: async () => (await import('../candidates/linformer.ts')).makeLinformer,
  model: async () => (await import('../candidates/model.ts')).makeModel,
  file: async () => (await import('../candidates/file.ts')).makeFile,
  matmul: async () => (await import('../candidates/matmul.ts')).makeMatmul,
  peer: async () => (await import('../candidates/peer.ts')).makePeer,
};

/** A run that takes this long has its caches and pages back before it has well begun. */
const LONG_MS = 2_000;

let contestant: Contestant | undefined;
let lastMs = 0;

function send(report: Report): void {
  process.send?.(report);
}

async function obey(order: Order): Promise<void> {
  if (order.type === 'prepare') {
    const make = await KINDS[order.candidate.kind]();
    const made = await make(order.candidate);
    contestant = made;
    const begin = performance.now();
    const growth = await peakGrowth((sample) => made.run(sample));
    lastMs = performance.now() - begin;
    send({ type: 'memory', growth, peakRss: peakResident() });
    send({ type: 'prepared', error: await made.check() });
    return;
  }
  // A process that has slept while others ran finds its caches and pages taken: one run to get them back.
  if (lastMs < LONG_MS) await contestant?.run();
  const start = performance.now();
  for (let i = 0; i < order.times; i++) await contestant?.run();
  lastMs = (performance.now() - start) / order.times;
  send({ type: 'ran', ms: lastMs });
}

process.on('message', (order) => {
  obey(order as Order).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    send({ type: 'failed', reason: text.split('\n')[0] });
  });
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit());
