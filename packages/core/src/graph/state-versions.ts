/**
 * Keeps the order of a state's content while a graph is built: after a write, only the new content can be
 * read, because the old one is gone. So a state has one chain of writes, and reads are between them.
 */
import { AttnError } from '../errors.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import type { ValueId } from './graph.ts';

/** A state, and how often it has been written when a value with its content was made. */
interface Version {
  readonly state: string;
  readonly writes: number;
}

/** The inputs of a node, by name. */
type Inputs = Readonly<Record<string, ValueId>>;

export class StateVersions {
  private readonly versions = new Map<ValueId, Version>();
  /** How often each state has been written. */
  private readonly writes = new Map<string, number>();

  /** Adds a state. */
  add(state: string, id: ValueId): void {
    this.versions.set(id, { state, writes: 0 });
    this.writes.set(state, 0);
  }

  /** Errors: `INVALID_GRAPH` for a value whose content has been overwritten. `reader` is for the error. */
  checkRead(id: ValueId, reader: string): void {
    const version = this.versions.get(id);
    if (version === undefined || version.writes === this.writes.get(version.state)) return;
    throw new AttnError(
      'INVALID_GRAPH',
      'core/graph',
      `${reader} must be the content of state ${version.state} after its last write, got one from before it`,
    );
  }

  /** Checks a node's inputs before it is added. Errors: `INVALID_GRAPH`. */
  check(op: OpName, inputs: Inputs): void {
    for (const [name, id] of Object.entries(inputs)) this.checkRead(id, `input ${name} of ${op}`);
    const target = op === 'writeRows' ? this.versions.get(inputs.x) : undefined;
    const sources = [inputs.rows, inputs.at].map((id) => this.versions.get(id)?.state);
    if (target !== undefined && sources.includes(target.state)) {
      const message = `rows and at of a write to state ${target.state} must not be that state itself, got a view of it`;
      throw new AttnError('INVALID_GRAPH', 'core/graph', message);
    }
  }

  /** Remembers what a node that was added does with the states. */
  record(op: OpName, inputs: Inputs, outputs: readonly ValueId[]): void {
    const version = this.versions.get(inputs[ops[op].required[0]]);
    if (version === undefined) return;
    if (ops[op].isView) this.versions.set(outputs[0], version);
    if (op === 'writeRows') {
      const next = { ...version, writes: version.writes + 1 };
      this.versions.set(outputs[0], next);
      this.writes.set(next.state, next.writes);
    }
  }
}
