// The document behind the page: columns of the front, breakdowns decoded on demand, and the state
// (selected design, hovered design, filters) that the views share.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { quantity, knobValue } = page.format;

  const document_ = JSON.parse(document.getElementById('data').textContent);
  const rows = document_.front.id.length;

  const extent = (values) => {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (typeof value !== 'number' || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : null;
  };

  /** One column of the front: a knob or a metric. `text(i)` is what a person reads. */
  function makeColumn(source, role, values) {
    const numeric = role === 'metric' || source.kind === 'number';
    const unit = source.unit ?? '';
    const show = role === 'metric' ? (value) => quantity(value, unit) : (value) => (numeric ? knobValue(value, unit) : String(value ?? '–'));
    const range = numeric ? extent(values) : null;
    return {
      name: source.name, label: source.label ?? source.name.replaceAll('_', ' '), unit, role, numeric, values, show, range,
      column: source.column ?? source.name,
      direction: source.direction ?? 'none', objective: source.objective === true,
      choices: role === 'knob' ? source.values : null,
      wide: range !== null && range[0] > 0 && range[1] / range[0] > 20,  // worth a logarithmic axis
      text: (row) => show(values[row]),
    };
  }

  const knobs = document_.knobs.map((knob) => makeColumn(knob, 'knob', document_.front.knobs[knob.name]));
  const metrics = document_.metrics.map((metric) => makeColumn(metric, 'metric', document_.front.metrics[metric.name]));
  const byName = new Map([...knobs, ...metrics].map((column) => [column.name, column]));
  const objectives = metrics.filter((metric) => metric.objective);
  const varying = knobs.filter((knob) => new Set(knob.values).size > 1);

  /** Little-endian numbers in base64, as C++ wrote them. */
  function decode(text, Type) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
    return new Type(bytes.buffer);
  }
  const once = (make) => {
    let value;
    return () => (value ??= make());
  };

  const { details, energy, area, roofline, timeline } = document_;
  const stored = details?.rows ?? null;  // rows of the front that have a breakdown; null means all
  const slotOf = stored === null ? null : new Map(stored.map((row, slot) => [row, slot]));
  /** Position of a row's breakdown in the arrays of the document, or null if none is stored. */
  const slot = (row) => {
    if (!details) return null;
    return slotOf === null ? row : slotOf.get(row) ?? null;
  };
  const detailValues = once(() => decode(details.float32_base64, Float32Array));
  const bottlenecks = once(() => decode(details.bottleneck_uint16_base64, Uint16Array));
  const mappings = once(() => (details.mapping_uint32_base64 ? decode(details.mapping_uint32_base64, Uint32Array) : null));
  const energyValues = once(() => decode(energy.float32_base64, Float32Array));
  const areaValues = once(() => decode(area.float32_base64, Float32Array));

  /**
   * Operators of one design with their numbers: latency_s, energy_j, utilization, dram_bytes,
   * operations. Designs fuse differently: what a design does not run (all numbers 0) is left out.
   */
  function operatorsOf(row) {
    const at = slot(row);
    if (at === null) return null;
    const count = details.operators.length;
    const width = details.fields.length;
    const values = detailValues();
    const limits = bottlenecks();
    const maps = mappings();
    return details.operators.map((operator, o) => {
      const base = (at * count + o) * width;
      const result = { ...operator, bottleneck: limits[at * count + o] };
      details.fields.forEach((field, f) => { result[field.name] = values[base + f]; });
      const mapping = maps === null ? undefined : details.mapping_names[maps[at * count + o]];
      result.mapping = mapping ?? '';
      return result;
    }).filter((operator) => details.fields.some((field) => operator[field.name] !== 0));
  }
  /** Joules by component, one list per workload. */
  function energyOf(row) {
    const at = slot(row);
    if (!energy || at === null) return null;
    const { workloads, components } = energy;
    const values = energyValues();
    return workloads.map((workload, w) => ({
      workload, values: components.map((_, c) => values[(at * workloads.length + w) * components.length + c]),
    }));
  }
  function areaOf(row) {
    const at = slot(row);
    if (!area || at === null) return null;
    const values = areaValues();
    return area.components.map((_, c) => values[at * area.components.length + c]);
  }
  function rooflineOf(row) {
    const at = slot(row);
    if (!roofline || at === null) return null;
    return { peak: roofline.peak_ops_per_s[at], bandwidth: roofline.bandwidth_bytes_per_s[at] };
  }
  const timelineOf = (row) => {
    const at = slot(row);
    return timeline && at !== null ? timeline[at] ?? null : null;
  };

  /**
   * Where a design stands in one objective, from 0 (best on the front) to 1 (worst), by the logarithm
   * of the objective where it spans more than a decade.
   */
  function position(objective, row) {
    const [low, high] = objective.range ?? [0, 0];
    const value = objective.values[row];
    if (low === high) return 0;
    if (!Number.isFinite(value)) return 1;
    const log = low > 0 && high / low > 10;
    const along = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return objective.direction === 'max' ? 1 - along : along;
  }
  /** The row, of those that are `allowed`, whose objectives are nearest to `target` (one position each). */
  function nearest(target, allowed) {
    let best = -1;
    let bestDistance = Infinity;
    for (let row = 0; row < rows; row += 1) {
      if (!allowed(row)) continue;
      const distance = objectives.reduce((sum, objective, o) => sum + (position(objective, row) - target[o]) ** 2, 0);
      if (distance < bestDistance) { bestDistance = distance; best = row; }
    }
    return best;
  }
  /** The design nearest to the ideal point. */
  const findKnee = () => nearest(objectives.map(() => 0), () => true);
  /** The design most like `row` that has a breakdown; -1 if none has. */
  const nearestStored = (row) => nearest(objectives.map((objective) => position(objective, row)), (other) => slot(other) !== null);

  const knee = rows > 0 ? findKnee() : -1;

  const listeners = { select: [], hover: [], filter: [] };
  const emit = (event, ...values) => listeners[event].forEach((listener) => listener(...values));
  const keep = { brush: null, table: null };  // each a Uint8Array over rows, or null for "all"
  const state = {
    selected: knee, hovered: -1,  // the page opens at the knee; -1 is none
    passes: new Uint8Array(rows).fill(1), passing: rows,
    on: (event, listener) => listeners[event].push(listener),
    select(row) {
      if (row === state.selected) return;
      state.selected = row;
      emit('select', row);
    },
    hover(row, from) {
      if (row === state.hovered) return;
      state.hovered = row;
      emit('hover', row, from);
    },
    /** Sets which rows one view keeps; a row is shown when every view keeps it. */
    filter(view, mask) {
      keep[view] = mask;
      state.passing = 0;
      for (let row = 0; row < rows; row += 1) {
        const ok = (keep.brush === null || keep.brush[row] === 1) && (keep.table === null || keep.table[row] === 1);
        state.passes[row] = ok ? 1 : 0;
        if (ok) state.passing += 1;
      }
      emit('filter', view);
    },
  };

  page.data = {
    document: document_, rows, id: document_.front.id, knobs, varying, metrics, objectives, byName, extent,
    operatorsOf, energyOf, areaOf, rooflineOf, timelineOf, nearestStored, stored: stored === null ? rows : stored.length,
    knee,
  };
  page.state = state;
})();
