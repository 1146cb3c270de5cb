/**
 * Subgroups: invocations that exchange values without shared memory, on devices with the feature `subgroups`. Their size is not assumed,
 * and that they are consecutive invocations, which WGSL does not promise, is looked at before it is relied on.
 */

/** What stands at the top of a shader that uses them. */
export const ENABLE_SUBGROUPS = 'enable subgroups;\n';

/** Parameters of the entry point that `subgroupReach` takes. */
export const SUBGROUP_INPUTS =
  '@builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32';

/** Distances over which values are exchanged with `subgroupShuffleXor`, in turn. */
export const SHUFFLE_STEPS = [1, 2, 4, 8, 16, 32] as const;

/**
 * Declares `subgroupReach`: how many consecutive invocations, from a multiple of that number on, are within one subgroup; 1 where
 * subgroups are something else. The same for the whole workgroup.
 */
export const DECLARE_SUBGROUP_REACH = `
var<workgroup> reachOfAll: atomic<u32>;
fn subgroupReach(lane: u32, size: u32, id: u32) -> u32 {
  let first = subgroupBroadcastFirst(lane / size);
  let isElsewhere = id != lane % size || first != lane / size;
  if (lane == 0u) { atomicStore(&reachOfAll, size); }
  workgroupBarrier();
  if (isElsewhere) { atomicStore(&reachOfAll, 1u); }
  return workgroupUniformLoad(&reachOfAll);
}`;
