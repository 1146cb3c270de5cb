/**
 * Subgroups: invocations that exchange values without shared memory, on devices with the feature `subgroups`.
 * Kernels assume no size. WGSL does not promise that subgroups are consecutive invocations, so kernels check
 * it first.
 */

/** The first line of a shader that uses subgroups. */
export const ENABLE_SUBGROUPS = 'enable subgroups;\n';

/** Parameters of the entry point that `subgroupReach` takes. */
export const SUBGROUP_INPUTS =
  '@builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32';

/** Distances of the exchanges with `subgroupShuffleXor` that reduce a subgroup, in order. */
export const SHUFFLE_STEPS = [1, 2, 4, 8, 16, 32] as const;

/**
 * WGSL that declares `subgroupReach`: the number of consecutive invocations, from a multiple of that number
 * on, that form a subgroup; 1 where subgroups are not consecutive. All invocations of a workgroup get the
 * same number.
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
