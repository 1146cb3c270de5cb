/** Operators beside those of the standard. */
export const MICROSOFT = 'com.microsoft';
