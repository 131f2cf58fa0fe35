// Makes a data document of the shape that report.html reads, for developing the page and for its
// size test. The numbers follow a crude model of a language model on a systolic array, so that
// trade-offs, ranges and bottlenecks look like those of a real run; they are results of nothing.
//
//   node make_sample.mjs OUT_FOLDER [front rows, 400] [operators per workload, 15]
//
// Writes OUT_FOLDER/data.json and OUT_FOLDER/pareto.csv.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = 'build/report_sample', wantedText = '400', operatorsText = '15'] = process.argv.slice(2);
const wanted = Number(wantedText);
const operatorsPerWorkload = Number(operatorsText);

let state = 20240611n;
const random = () => {  // splitmix64: the same numbers on every machine
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
};
const pick = (values) => values[Math.floor(random() * values.length)];

const formats = ['int8', 'int6', 'int5', 'int4/g128', 'tcq_4.0', 'tcq_3.5', 'tcq_3.0', 'tcq_2.5', 'ldlq_1_3'];
const bitsOf = { int8: 8, int6: 6, int5: 5, 'int4/g128': 4.25, 'tcq_4.0': 4, 'tcq_3.5': 3.5, 'tcq_3.0': 3, 'tcq_2.5': 2.5, ldlq_1_3: 3 };
const errorOf = { int8: 4e-5, int6: 6e-4, int5: 2.4e-3, 'int4/g128': 9e-3, 'tcq_4.0': 4.4e-3, 'tcq_3.5': 8.8e-3, 'tcq_3.0': 1.8e-2, 'tcq_2.5': 3.6e-2, ldlq_1_3: 3.2e-2 };
const knobs = [
  { name: 'rows', kind: 'number', unit: '', values: [16, 32, 64, 128] },
  { name: 'columns', kind: 'number', unit: '', values: [16, 32, 64, 128] },
  { name: 'weight_buffer', kind: 'number', unit: 'B', values: [64, 128, 256, 512, 1024].map((k) => k * 1024) },
  { name: 'activation_buffer', kind: 'number', unit: 'B', values: [64, 128, 256, 512].map((k) => k * 1024) },
  { name: 'dram_channels', kind: 'number', unit: '', values: [1, 2, 4, 8] },
  { name: 'attention_weights', kind: 'category', unit: '', values: formats },
  { name: 'mlp_weights', kind: 'category', unit: '', values: formats },
].map((knob) => ({ ...knob, column: knob.name }));

const workloads = ['prefill', 'decode'];
const names = ['embedding', 'attention_norm', 'qkv_projection', 'rotary', 'scores+softmax+values', 'output_projection', 'attention_residual', 'mlp_norm', 'gate+up+silu', 'down_projection', 'mlp_residual', 'final_norm', 'lm_head'];
const kinds = ['gather', 'normalisation', 'matmul', 'elementwise', 'attention', 'matmul', 'elementwise', 'normalisation', 'matmul', 'matmul', 'elementwise', 'normalisation', 'matmul'];
const weights = [0, 0, 4096 * 6144, 0, 0, 4096 * 4096, 0, 0, 2 * 4096 * 14336, 4096 * 14336, 0, 0, 4096 * 128256];
const operators = workloads.flatMap((workload) =>
  Array.from({ length: operatorsPerWorkload }, (_, i) => {
    const j = i % names.length;
    return { workload, name: i < names.length ? names[j] : `${names[j]}_${Math.floor(i / names.length) + 1}`, kind: kinds[j], count: [0, 11, 12].includes(j) ? 1 : 32, j };
  }));

const bottlenecks = ['compute', 'dram bandwidth', 'vector unit', 'scratchpad bandwidth'];
const components = ['arithmetic', 'decode of weights', 'weight buffer', 'activation buffer', 'vector unit', 'DRAM', 'leakage'];
const areaParts = ['array', 'weight buffer', 'activation buffer', 'output buffer', 'vector unit', 'DRAM interface', 'weight decoder'];
const fields = [{ name: 'latency_s', unit: 's' }, { name: 'energy_j', unit: 'J' }, { name: 'utilization', unit: '' }, { name: 'dram_bytes', unit: 'B' }, { name: 'operations', unit: 'op' }];
const tokens = { prefill: 512, decode: 1 };

function evaluate(point) {
  const clock = 800e6;
  const macs = point.rows * point.columns * clock;
  const bandwidth = point.dram_channels * 8.5e9;
  const trellis = (format) => (format.startsWith('tcq') ? 1 : 0);
  const areas = [point.rows * point.columns * 1.15e-3, point.weight_buffer * 1.9e-6, point.activation_buffer * 1.9e-6, 0.12, 0.35, 0.42 * point.dram_channels, 0.2 * (trellis(point.attention_weights) + trellis(point.mlp_weights))];
  const area = areas.reduce((a, b) => a + b, 0);
  const details = [];
  const energy = workloads.map(() => components.map(() => 0));
  const totals = { prefill: 0, decode: 0 };
  for (const operator of operators) {
    const { j, count } = operator;
    if (j === 3 && point.columns === 128) {  // fused with its neighbour: this design does not run it
      details.push({ values: [0, 0, 0, 0, 0], limit: 0, mapping: null });
      continue;
    }
    const t = tokens[operator.workload];
    const format = j >= 7 && j <= 10 ? point.mlp_weights : j === 12 ? 'int8' : point.attention_weights;
    const context = operator.workload === 'decode' ? 2048 : 256;
    const operations = count * (weights[j] > 0 ? 2 * t * weights[j] : j === 4 ? 4 * t * context * 4096 : t * 4096 * 6);
    const refetch = weights[j] > 0 && t > 1 ? Math.max(1, (t * 2e3) / point.activation_buffer) : 1;
    const bytes = count * ((weights[j] * bitsOf[format]) / 8 * refetch + t * 4096 * 2 + (j === 4 ? 2 * context * 1024 * 2 : 0));
    const fill = weights[j] > 0 || j === 4 ? t / (t + point.rows + point.columns - 2) : 1;
    const padded = Math.max(fill, 0.02);
    const compute = weights[j] > 0 || j === 4 ? operations / 2 / macs / padded : operations / (64 * clock);
    const memory = bytes / (bandwidth * 0.85);
    const buffer = (bytes * 1.5) / (point.columns * 16 * clock / 8);
    const latency = Math.max(compute, memory, buffer);
    const limit = latency === memory ? 1 : latency === buffer ? 3 : weights[j] > 0 || j === 4 ? 0 : 2;
    const parts = [operations * 0.11e-12, weights[j] > 0 ? operations * 0.01e-12 * trellis(format) + bytes * 0.4e-12 : 0, bytes * 1.1e-12 * Math.sqrt(point.weight_buffer / 65536), bytes * 0.9e-12 * Math.sqrt(point.activation_buffer / 65536), weights[j] > 0 ? 0 : operations * 0.5e-12, bytes * 32e-12, latency * area * 0.011];
    const w = workloads.indexOf(operator.workload);
    parts.forEach((value, c) => { energy[w][c] += value; });
    totals[operator.workload] += latency;
    details.push({ values: [latency, parts.reduce((a, b) => a + b, 0), Math.min(1, operations / 2 / macs / latency), bytes, operations], limit,
      mapping: weights[j] > 0 ? `dram: n ${Math.ceil(4096 / point.columns)} k ${Math.ceil(4096 / point.rows)} / weight_buffer: k ${point.rows} / spatial: k ${point.rows} n ${point.columns} / stream: m ${t}` : j === 4 ? `fused scores+softmax+values / spatial: heads 8 / context tile ${Math.min(context, point.activation_buffer / 1024)}` : `vector: ${64} lanes` });
  }
  const quality = 6.2 * errorOf[point.attention_weights] + 19.4 * errorOf[point.mlp_weights];
  const sums = energy.map((row) => row.reduce((a, b) => a + b, 0));
  const metrics = {
    'decode.latency_per_token': totals.decode, 'decode.energy_per_token': sums[1], area, 'quality.loss': quality,
    'prefill.latency': totals.prefill, 'prefill.energy': sums[0], 'decode.power': sums[1] / totals.decode, 'decode.tokens_per_s': 1 / totals.decode,
    peak_memory: 8.03e9 * bitsOf[point.mlp_weights] / 8 + 2.7e8,
  };
  return { metrics, details, energy, areas, roofline: [2 * macs, bandwidth], feasible: area <= 26 && totals.decode < 1.2 };
}

const metrics = [
  ['decode.latency_per_token', 'Latency per token', 's', 'min', true, 'decode.latency_per_token_s'],
  ['decode.energy_per_token', 'Energy per token', 'J', 'min', true, 'decode.energy_per_token_j'],
  ['area', 'Area', 'mm2', 'min', true, 'area_mm2'],
  ['quality.loss', 'Quality loss', '', 'min', true, 'quality.loss'],
  ['prefill.latency', 'Prefill latency', 's', 'min', false, 'prefill.latency_s'],
  ['prefill.energy', 'Prefill energy', 'J', 'min', false, 'prefill.energy_j'],
  ['decode.power', 'Decode power', 'W', 'min', false, 'decode.power_w'],
  ['decode.tokens_per_s', 'Decode throughput', 'token/s', 'max', false, 'decode.tokens_per_s'],
  ['peak_memory', 'Peak memory', 'B', 'none', false, 'peak_memory_b'],
].map(([name, label, unit, direction, objective, column]) => ({ name, label, unit, direction, objective, column }));
const objectives = metrics.filter((metric) => metric.objective).map((metric) => metric.name);

const seen = new Set();
const all = [];
const evaluations = Math.max(24000, wanted * 4);
while (all.length < evaluations && seen.size < 4 * 4 * 5 * 4 * 4 * 81) {
  const point = Object.fromEntries(knobs.map((knob) => [knob.name, pick(knob.values)]));
  const key = JSON.stringify(point);
  if (seen.has(key)) continue;
  seen.add(key);
  const { metrics: values, feasible } = evaluate(point);
  all.push({ id: all.length, point, values, feasible });
}
const dominates = (a, b) => objectives.every((o) => a.values[o] <= b.values[o]) && objectives.some((o) => a.values[o] < b.values[o]);
let front = [];
const hypervolume = [];
for (const candidate of all) {
  if (candidate.feasible && !front.some((kept) => dominates(kept, candidate))) {
    front = front.filter((kept) => !dominates(candidate, kept));
    front.push(candidate);
  }
  if (candidate.id % 500 === 499) hypervolume.push({ evaluations: candidate.id + 1, value: 0.86 * (1 - Math.exp(-Math.sqrt(candidate.id) / 22)) });
}
const nonDominated = front.length;
for (let i = 0; front.length < wanted && i < all.length; i += 1) {
  if (all[i].feasible && !front.includes(all[i])) front.push(all[i]);  // padding, for the size test only
}
front = front.slice(0, wanted).sort((a, b) => a.id - b.id);
process.stderr.write(`${all.length} points, ${nonDominated} not dominated, ${front.length} rows\n`);

const rows = front.map((row) => evaluate(row.point));
const base64 = (array) => Buffer.from(array.buffer).toString('base64');
const mappingNames = [];
const mappingIndex = new Map();
const intern = (text) => {
  if (text === null) return 0xffffffff;
  if (!mappingIndex.has(text)) { mappingIndex.set(text, mappingNames.length); mappingNames.push(text); }
  return mappingIndex.get(text);
};
const cloud = all.filter((_, i) => i % Math.ceil(all.length / 5000) === 0);
const infeasible = all.filter((row) => !row.feasible);
const spread = (name, objective) => {
  const knob = knobs.find((k) => k.name === name);
  const means = knob.values.map((value) => {
    const some = all.filter((row) => row.point[name] === value).map((row) => row.values[objective]);
    return some.reduce((a, b) => a + b, 0) / some.length;
  });
  return (Math.max(...means) / Math.min(...means) - 1) * 100;
};
const timeline = (row) => {
  let now = 0;
  const tasks = [];
  row.details.forEach((detail, o) => {
    if (operators[o].workload !== 'decode') return;
    const [latency, , , bytes] = detail.values;
    if (latency === 0) return;
    const transfer = bytes / (row.roofline[1] * 0.85);
    tasks.push({ resource: 'dram', name: operators[o].name, start_s: now, end_s: now + transfer });
    tasks.push({ resource: detail.limit === 2 ? 'vector' : 'array', name: operators[o].name, start_s: now + latency * 0.05, end_s: now + latency });
    now += latency;
  });
  return tasks;
};

const data = {
  study: {
    name: 'quickstart', question: 'Which edge NPU decodes Llama-3.1-8B fastest per joule and square millimetre, and how few weight bits can it afford?',
    command: 'cairn run configs/studies/quickstart.yaml', seed: 20240611, fidelity: 'analytical', quality_source: 'published: per-layer error coefficients of Q-Palette, sum of coefficient x error (not perplexity)',
    version: '0.1.0', date: '2024-06-11T09:30:00Z', run_id: '20240611-a1b2c3d4', resolved_yaml: 'schema: 1\nname: quickstart\nseed: 20240611\nspace:\n  rows: {range: [16, 128], scale: powers_of_two}\n  # a comment with </script> and <!-- in it must not break the page\n',
  },
  counts: { points: all.length, feasible: all.length - infeasible.length, infeasible: infeasible.length, failed: 3, front: front.length, seconds: 0.41, points_per_second: all.length / 0.41, worst_disagreement: 0.043 },
  knobs, metrics,
  front: {
    id: front.map((row) => row.id),
    knobs: Object.fromEntries(knobs.map((knob) => [knob.name, front.map((row) => row.point[knob.name])])),
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name, front.map((row) => row.values[metric.name])])),
  },
  cloud: { metrics: Object.fromEntries(objectives.map((o) => [o, cloud.map((row) => row.values[o])])), feasible: cloud.map((row) => Number(row.feasible)) },
  details: {
    operators: operators.map(({ workload, name, kind, count }) => ({ workload, name, kind, count })), fields,
    float32_base64: base64(Float32Array.from(rows.flatMap((row) => row.details.flatMap((detail) => detail.values)))),
    bottleneck_names: bottlenecks, bottleneck_uint16_base64: base64(Uint16Array.from(rows.flatMap((row) => row.details.map((detail) => detail.limit)))),
    mapping_uint32_base64: base64(Uint32Array.from(rows.flatMap((row) => row.details.map((detail) => intern(detail.mapping))))), mapping_names: mappingNames,
  },
  energy: { unit: 'J', workloads, components, float32_base64: base64(Float32Array.from(rows.flatMap((row) => row.energy.flat()))) },
  area: { unit: 'mm2', components: areaParts, float32_base64: base64(Float32Array.from(rows.flatMap((row) => row.areas))) },
  roofline: { peak_ops_per_s: rows.map((row) => row.roofline[0]), bandwidth_bytes_per_s: rows.map((row) => row.roofline[1]) },
  timeline: wanted <= 1000 ? rows.map(timeline) : undefined,
  sensitivity: knobs.flatMap((knob) => objectives.map((metric) => ({ knob: knob.name, metric, effect_percent: spread(knob.name, metric) }))),
  hypervolume,
  refined: front.slice(0, 6).map((row, i) => ({
    id: all.length + i, design: row.id, on_front: true, status: i === 2 ? 'failed' : 'feasible', reason: i === 2 ? 'the worker was ended by signal 9 (Killed), at 1.2 ms of simulated time' : '',
    disagreement: i === 2 ? null : 0.01 * (i + 1) * (i % 2 ? -1 : 1), analytical: row.values,
    cycle: i === 2 ? {} : { ...row.values, 'decode.latency_per_token': row.values['decode.latency_per_token'] * (1 + 0.01 * (i + 1) * (i % 2 ? -1 : 1)) },
  })),
  infeasible: [
    { constraint: 'area at most 26 mm2', count: infeasible.filter((row) => row.values.area > 26).length, median_excess_percent: 14.2, min_excess_percent: 0.3 },
    { constraint: 'decode.latency_per_token at most 1.2 s', count: infeasible.filter((row) => row.values.area <= 26).length, median_excess_percent: 6.1, min_excess_percent: 0.02 },
  ],
  fusion: [{ group: 'scores+softmax+values', count: 64, dram_bytes_saved: 1.34e9 }, { group: 'gate+up+silu', count: 64, dram_bytes_saved: 4.7e8 }, { group: 'qkv_projection+rotary', count: 64, dram_bytes_saved: 8.1e7 }],
  assumptions: ['dense compute: pruning shrinks storage and traffic only', 'double-buffered scratchpads: transfers of the next tile overlap with this one', 'the KV cache is held in int8 and is not a knob of this study'],
  provenance: [
    { what: 'SRAM read energy', value: '0.021 pJ/b', source: 'CACTI 7, 22 nm, 128 KiB, interpolated', confidence: 'modelled' },
    { what: 'DRAM energy', value: '4 pJ/b', source: 'LPDDR5, vendor data sheet', confidence: 'published' },
    { what: 'int8 multiply-add', value: '0.22 pJ/op', source: 'Horowitz, ISSCC 2014, scaled to 22 nm', confidence: 'extrapolated' },
    { what: 'quantiser error', value: '9 formats', source: 'normalised error on a unit Gaussian, computed here', confidence: 'proxy' },
  ],
};
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'data.json'), JSON.stringify(data));
const columns = ['id', ...knobs.map((knob) => knob.column), ...metrics.map((metric) => metric.column)];
const lines = front.map((row) => [row.id, ...knobs.map((knob) => (knob.unit === 'B' ? `${row.point[knob.name] / 1024} KiB` : row.point[knob.name])), ...metrics.map((metric) => row.values[metric.name])].join(','));
writeFileSync(join(folder, 'pareto.csv'), [columns.join(','), ...lines, ''].join('\n'));
