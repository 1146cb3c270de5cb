/** A child process of a contest: prepares one candidate, checks its result, then runs it whenever it is told to. */
import { peakGrowth } from '../memory.ts';
import type { Candidate, Contestant, MakeContestant, Order, Report } from './protocol.ts';

const KINDS: Readonly<Record<Candidate['kind'], () => Promise<MakeContestant>>> = {
  attention: async () => (await import('../candidates/attention.ts')).makeAttention,
  executable: async () => (await import('../candidates/attention.ts')).makeExecutable,
  session: async () => (await import('../candidates/session.ts')).makeSession,
  linear: async () => (await import('../candidates/linear.ts')).makeLinear,
  lsh: async () => (await import('../candidates/lsh.ts')).makeLsh,
  linformer: async () => (await import('../candidates/linformer.ts')).makeLinformer,
  peer: async () => (await import('../candidates/peer.ts')).makePeer,
};

let contestant: Contestant | undefined;

function send(report: Report): void {
  process.send?.(report);
}

async function obey(order: Order): Promise<void> {
  if (order.type === 'prepare') {
    const make = await KINDS[order.candidate.kind]();
    const made = await make(order.candidate);
    contestant = made;
    const growth = await peakGrowth((sample) => made.run(sample));
    send({ type: 'memory', growth, peakRss: process.resourceUsage().maxRSS * 1024 });
    send({ type: 'prepared', error: await made.check() });
    return;
  }
  // A process that has slept while others ran finds its caches and pages taken: one run to get them back.
  await contestant?.run();
  const start = performance.now();
  for (let i = 0; i < order.times; i++) await contestant?.run();
  send({ type: 'ran', ms: (performance.now() - start) / order.times });
}

process.on('message', (order) => {
  obey(order as Order).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    send({ type: 'failed', reason: text.split('\n')[0] });
  });
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit());
