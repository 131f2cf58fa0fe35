// Numbers as text: SI prefixes for units that take them, plain digits for the others.
(() => {
  'use strict';
  const page = (globalThis.cairnPage ??= {});

  const prefixes = [[1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n'], [1e-12, 'p'], [1e-15, 'f']];
  const binary = [[2 ** 40, 'Ti'], [2 ** 30, 'Gi'], [2 ** 20, 'Mi'], [2 ** 10, 'Ki']];
  const prefixed = new Set(['s', 'J', 'W', 'B', 'b', 'op', 'Hz', 'op/s', 'FLOP', 'FLOP/s', 'B/s', 'b/s', 'J/token', 's/token', 'J/op', 'J/b', 'cycle', 'op/J', 'V', 'A', 'op/B', 'token/s', 'token/J', 'm']);
  const shown = { mm2: 'mm²', um2: 'µm²', m2: 'm²', percent: '%', '1': '' };

  const writers = new Map();  // making a number format is slow, using one is not
  function fixed(value, least, most) {
    const key = least * 32 + most;
    if (!writers.has(key)) writers.set(key, new Intl.NumberFormat('en-US', { minimumFractionDigits: least, maximumFractionDigits: most }));
    return writers.get(key).format(value);
  }

  /**
   * Decimal text of `value` to `count` significant digits, thousands grouped. Zeros at the end stay
   * (two results line up and say how exact they are) unless `trim`, for ticks and settings.
   */
  function digits(value, count = 3, trim = false) {
    if (value === 0) return '0';
    const size = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(count)))));
    if (size >= 15 || size < -5) {
      const text = value.toExponential(count - 1).replace('e+', 'e');
      return trim ? text.replace(/\.?0+e/, 'e') : text;
    }
    const fraction = Math.max(0, count - 1 - size);
    return fixed(value, trim ? 0 : fraction, fraction);
  }

  /** A share or an effect in percent: one decimal is what a reader can use. */
  function percent(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    if (value !== 0 && Math.abs(value) < 0.05) return '<0.1 %';
    const fraction = Math.abs(value) < 99.95 ? 1 : 0;
    return `${fixed(value, value === 0 ? 0 : fraction, fraction)} %`;
  }

  /** `0.0123, 's'` becomes `12.3 ms`; null and NaN become an en dash. */
  function quantity(value, unit = '', count = 3, trim = false) {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    if (typeof value !== 'number') return String(value);
    if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
    const name = shown[unit] ?? unit;
    if (!prefixed.has(unit) || value === 0) return join(digits(value, count, trim), name);
    const size = Math.abs(Number(value.toPrecision(count)));  // so that 999.99 µs is 1 ms
    const [scale, prefix] = prefixes.find(([limit]) => size >= limit) ?? prefixes.at(-1);
    return join(digits(value / scale, count, trim), prefix + name);
  }
  const join = (number, unit) => (unit === '' ? number : unit === '%' ? `${number} %` : `${number} ${unit}`);

  /** Sizes of buffers are powers of two, so a knob in bytes or bits prints as `256 KiB`. */
  function knobValue(value, unit) {
    if ((unit === 'B' || unit === 'b') && Number.isInteger(value)) {
      const fit = binary.find(([scale]) => value >= scale && value % scale === 0);
      if (fit) return `${fixed(value / fit[0], 0, 0)} ${fit[1]}${unit}`;
    }
    return quantity(value, unit, 6, true);
  }

  /** Reads what a person types into a filter: `20m`, `4 mJ`, `256KiB`, `1e-3`; NaN if it is no number. */
  function parse(text, unit) {
    const match = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(.*?)\s*$/i.exec(text);
    if (!match) return NaN;
    const name = shown[unit] ?? unit;
    let rest = match[2];
    for (const suffix of [unit, name]) {
      if (suffix !== '' && rest.endsWith(suffix)) { rest = rest.slice(0, -suffix.length); break; }
    }
    if (rest === '') return Number(match[1]);
    const fit = [...binary, ...prefixes].find(([, prefix]) => prefix !== '' && (prefix === rest || (prefix === 'µ' && rest === 'u')));
    return fit ? Number(match[1]) * fit[0] : NaN;
  }

  /** Breaks a name into lines of about `width` characters, at spaces. */
  function wrap(text, width = 14) {
    const lines = [''];
    for (const word of text.split(/\s+/)) {
      const last = lines.length - 1;
      if (lines[last] === '' || lines[last].length + word.length < width) lines[last] = `${lines[last]} ${word}`.trim();
      else lines.push(word);
    }
    return lines.join('\n');
  }

  const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => escapes[c]);

  page.format = { digits, percent, quantity, knobValue, parse, wrap, escape, integer: (value) => fixed(Number(value), 0, 0), unit: (unit) => shown[unit] ?? unit };
})();
