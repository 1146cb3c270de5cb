/**
 * Subgroups: invocations that exchange values without shared memory, on devices with the feature `subgroups`.
 * Kernels assume nothing about their size. WGSL does not promise that a subgroup is consecutive invocations,
 * so a kernel checks that before it relies on it.
 */

/** The directive at the top of a shader that uses subgroups. */
export const ENABLE_SUBGROUPS = 'enable subgroups;\n';

/** Parameters of the entry point that `subgroupReach` takes. */
export const SUBGROUP_INPUTS =
  '@builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32';

/** The distances, one after another, over which invocations exchange values with `subgroupShuffleXor`. */
export const SHUFFLE_STEPS = [1, 2, 4, 8, 16, 32] as const;

/**
 * Declares `subgroupReach`, a function that gives the size of subgroups if each is that many consecutive
 * invocations, from a multiple of the size on, and 1 otherwise. All invocations of a workgroup get the same
 * result.
 */
export const DECLARE_SUBGROUP_REACH = `
var<workgroup> commonReach: atomic<u32>;
fn subgroupReach(lane: u32, size: u32, id: u32) -> u32 {
  let first = subgroupBroadcastFirst(lane / size);
  let isElsewhere = id != lane % size || first != lane / size;
  if (lane == 0u) { atomicStore(&commonReach, size); }
  workgroupBarrier();
  if (isElsewhere) { atomicStore(&commonReach, 1u); }
  return workgroupUniformLoad(&commonReach);
}`;
