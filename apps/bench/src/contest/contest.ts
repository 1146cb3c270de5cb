/**
 * A contest: every subject has a fresh process, and in every round each subject
 * runs once, in turn. So a busy neighbour slows all of them alike, no subject
 * inherits another's heap, and ratios hold even where absolute times do not.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarise, type Timing } from '../measure.ts';
import type { Subject, Memory, Order, Report } from './protocol.ts';

/** The result of a subject, or the reason why it failed. */
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
  /** Milliseconds without an answer after which a subject has failed. Default 2 minutes. */
  readonly patience?: number;
  /** Returns the script of the child process, for subjects of another revision. */
  readonly script?: (subject: Subject) => string | undefined;
  log?(message: string): void;
}

/** Shorter runs are repeated until they take this long, because clocks and schedulers are coarse. */
const SAMPLE_MS = 20;

/** Subjects run for this long before they are timed, because engines optimise code that runs often. */
const WARM_UP_MS = 700;

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Runs a contest. A failed subject has the reason as its result, and the others go on. */
export async function contest<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  { rounds, patience = 120_000, script, log }: ContestOptions,
): Promise<Record<Name, Result>> {
  const names = Object.keys(subjects) as Name[];
  const runners = new Map<Name, SubjectProcess>();
  try {
    for (const name of names) {
      const runner = new SubjectProcess(script?.(subjects[name]) ?? CHILD, patience);
      runners.set(name, runner);
      await runner.prepare(subjects[name]);
      if (runner.failed !== undefined) log?.(`${subjects[name].name}: ${runner.failed}`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const runner of runners.values()) await runner.run();
    }
    const results = [...runners].map(([name, runner]) => [name, runner.result()] as const);
    return Object.fromEntries(results) as Record<Name, Result>;
  } finally {
    for (const runner of runners.values()) runner.end();
  }
}

/** The process of one subject. */
class SubjectProcess {
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

  /** Prepares and checks the subject, warms it up, and finds out how many runs a sample needs. */
  async prepare(subject: Subject): Promise<void> {
    const report = await this.ask({ type: 'prepare', candidate: subject });
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

  /** Sends an order and waits for the answer; undefined when the subject failed earlier. */
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
