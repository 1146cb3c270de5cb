/** How much work a GPU needs at once. */

/** Fewer workgroups than this leave a large GPU idle. */
export const BUSY_GROUPS = 256;
