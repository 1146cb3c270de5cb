/**
 * A contest: every candidate lives in a fresh process of its own, and in every
 * round each runs once, in turn, so that a busy neighbour slows all of them alike,
 * none inherits another's heap, and ratios hold where absolute times do not.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarise, type Timing } from '../measure.ts';
import type { Candidate, Memory, Order, Report } from './protocol.ts';

/** How a candidate did, or why it could not. */
export type Result =
  | {
      readonly failed?: undefined;
      readonly timing: Timing;
      /** Greatest error against the float64 reference. */
      readonly error: number;
      readonly memory: Memory;
    }
  | { readonly failed: string };

/** Options of a contest. */
export interface ContestOptions {
  readonly rounds: number;
  /** Milliseconds after which a candidate that does not answer has failed. Default 2 minutes. */
  readonly patience?: number;
  /** The child's script, for candidates of another revision. */
  readonly script?: (candidate: Candidate) => string | undefined;
  log?(message: string): void;
}

/**
 * A run that is shorter than this is repeated until it is not: clocks are coarse, and so is the scheduler.
 */
const SAMPLE_MS = 20;

/** Candidates run for this long before they are timed: engines optimise what runs often. */
const WARM_UP_MS = 700;

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Lets candidates compete. A candidate that fails is reported as such, and the others go on. */
export async function contest<Name extends string>(
  candidates: Readonly<Record<Name, Candidate>>,
  { rounds, patience = 120_000, script, log }: ContestOptions,
): Promise<Record<Name, Result>> {
  const names = Object.keys(candidates) as Name[];
  const entrants = new Map<Name, Entrant>();
  try {
    for (const name of names) {
      const entrant = new Entrant(script?.(candidates[name]) ?? CHILD, patience);
      entrants.set(name, entrant);
      await entrant.prepare(candidates[name]);
      if (entrant.failed !== undefined) log?.(`${candidates[name].name}: ${entrant.failed}`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const entrant of entrants.values()) await entrant.run();
    }
    const results = [...entrants].map(([name, entrant]) => [name, entrant.result()] as const);
    return Object.fromEntries(results) as Record<Name, Result>;
  } finally {
    for (const entrant of entrants.values()) entrant.end();
  }
}

/** One candidate's process. */
class Entrant {
  failed: string | undefined;
  private readonly child: ChildProcess;
  private readonly patience: number;
  private readonly samples: number[] = [];
  private times = 1;
  private error = 0;
  private memory: Memory = { type: 'memory', growth: 0, peakRss: 0 };

  constructor(script: string, patience: number) {
    this.patience = patience;
    this.child = fork(script, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  }

  /** Prepares, checks, and warms up; finds out how often a sample has to run. */
  async prepare(candidate: Candidate): Promise<void> {
    const report = await this.ask({ type: 'prepare', candidate });
    if (report?.type === 'prepared') this.error = report.error;
    const start = performance.now();
    while (this.failed === undefined && performance.now() - start < WARM_UP_MS) {
      const ran = await this.ask({ type: 'run', times: this.times });
      if (ran?.type === 'ran') this.times = Math.max(1, Math.ceil(SAMPLE_MS / Math.max(ran.ms, 1e-3)));
    }
  }

  async run(): Promise<void> {
    const report = await this.ask({ type: 'run', times: this.times });
    if (report?.type === 'ran') this.samples.push(report.ms);
  }

  result(): Result {
    const { failed, samples, error, memory } = this;
    return failed === undefined ? { timing: summarise(samples), error, memory } : { failed };
  }

  end(): void {
    this.child.kill('SIGKILL');
  }

  /** Sends an order and waits for what comes of it; nothing when the candidate has failed, now or before. */
  private async ask(order: Order): Promise<Report | undefined> {
    if (this.failed !== undefined) return undefined;
    const report = await new Promise<Report>((resolve) => {
      const settle = (answer: Report): void => {
        clearTimeout(timer);
        this.child.off('message', listen).off('exit', exit);
        resolve(answer);
      };
      const listen = (message: unknown): void => {
        const answer = message as Report;
        if (answer.type === 'memory') this.memory = answer;
        else settle(answer);
      };
      const exit = (code: number | null, signal: string | null): void =>
        settle({ type: 'failed', reason: `the process ended with ${signal ?? `exit code ${code}`}` });
      const timer = setTimeout(
        () => settle({ type: 'failed', reason: `no answer within ${this.patience / 1000} s` }),
        this.patience,
      );
      this.child.on('message', listen).on('exit', exit);
      if (this.child.connected) this.child.send(order);
      else exit(this.child.exitCode, this.child.signalCode);
    });
    if (report.type === 'failed') this.failed = report.reason;
    return report;
  }
}
