/** The number of workgroups that keep a GPU busy. */

/** Fewer workgroups than this leave a large GPU idle. */
export const BUSY_GROUPS = 256;
