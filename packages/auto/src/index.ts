/** createAttn() with a default order of backends, each loaded lazily when it is installed. */
export {};
