/** What the steps of a group's scans share, and the query blocks of one step. */
import type { LshProblem } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { BinLists } from './lists.ts';
import type { ChunkSchedule } from './schedule.ts';
import type { GroupTables } from './tables.ts';

/** What all scans of a group share. */
export interface StepContext {
  readonly problem: LshProblem;
  readonly plan: ChunkSchedule;
  readonly tables: GroupTables;
  /** The lists of each bin. */
  readonly lists: readonly BinLists[];
  /** Whether to use standard operators only. */
  readonly portable: boolean;
}

/** The blocks of a step, as values of its body. */
export interface StepBlocks {
  /** [G, rows]: places of the queries. */
  readonly places: Name;
  /** [G, rows]: rows of the queries in the group's tables. */
  readonly queries: Name;
  /** [G, K]: chunks of the keys. */
  readonly near: Name;
  /** [G, K · chunkLength]: rows of the keys in the group's tables. */
  readonly keys: Name;
  /** [G, 1]: rounds. Empty unless pairs count once. */
  readonly rounds: Name;
}
