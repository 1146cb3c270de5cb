// What `npm run bench` runs.
export {};
