struct Params {
  choices: u32,
  perRow: u32,
  experts: u32,
  depth: u32,
  columns: u32,
  firstTile: u32,
  firstTileColumn: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> choice: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// By choice of the tile: where it stands among all.
var<workgroup> places: array<u32, 16>;
// Runs of choices with one expert.
var<workgroup> runExpert: array<u32, 16>;
var<workgroup> runEnd: array<u32, 16>;
var<workgroup> runs: u32;
// By step of the reduction: numbers of x, of four choices each.
var<workgroup> tile: array<vec4f, 64>;

fn loadX(row: u32, at: u32) -> f32 {
  return x[(places[row] / params.perRow) * params.depth + at];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (params.firstTile + group.y) * 16u;
  let column = (params.firstTileColumn + group.x) * 64u + lane;
  if (lane == 0u) {
    var count = 0u;
    for (var row = 0u; row < min(16u, params.choices - first); row++) {
      let place = order[first + row];
      let expert = min(choice[place], params.experts - 1u);
      places[row] = place;
      if (count == 0u || runExpert[max(count, 1u) - 1u] != expert) {
        runExpert[count] = expert;
        count += 1u;
      }
      runEnd[count - 1u] = row + 1u;
    }
    runs = count;
  }
  let count = workgroupUniformLoad(&runs);
  var begin = 0u;
  for (var run = 0u; run < count; run++) {
    let expert = runExpert[run];
    let end = runEnd[run];
    var sums = array<vec4f, 4>();
    for (var start = 0u; start < params.depth; start += 16u) {
      workgroupBarrier();
      {
        let at = start + lane % 16u;
        let vector = lane / 16u;
        var values = vec4f();
        if (at < params.depth && vector * 4u + 0u >= begin && vector * 4u + 0u < end) { values[0] = loadX(vector * 4u + 0u, at); }
        if (at < params.depth && vector * 4u + 1u >= begin && vector * 4u + 1u < end) { values[1] = loadX(vector * 4u + 1u, at); }
        if (at < params.depth && vector * 4u + 2u >= begin && vector * 4u + 2u < end) { values[2] = loadX(vector * 4u + 2u, at); }
        if (at < params.depth && vector * 4u + 3u >= begin && vector * 4u + 3u < end) { values[3] = loadX(vector * 4u + 3u, at); }
        tile[(lane % 16u) * 4u + vector] = values;
      }
      workgroupBarrier();
      if (column < params.columns) {
        for (var step = 0u; step < min(16u, params.depth - start); step++) {
          let factor = weight[(expert * params.depth + start + step) * params.columns + column];
          sums[0] += tile[step * 4u + 0u] * factor;
          sums[1] += tile[step * 4u + 1u] * factor;
          sums[2] += tile[step * 4u + 2u] * factor;
          sums[3] += tile[step * 4u + 3u] * factor;
        }
      }
    }
    if (column < params.columns) {
      for (var row = begin; row < end; row++) {
        y[places[row] * params.columns + column] = sums[row / 4u][row % 4u] + bias[expert * params.columns + column];
      }
    }
    begin = end;
  }
}