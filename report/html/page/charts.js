// What all charts share: colours of the theme, axes, tooltips, redrawing on resize and for print.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { quantity } = page.format;
  const root = document.documentElement;

  const media = matchMedia('(prefers-color-scheme: dark)');
  let chosen = null;  // what the reader chose with the button; null follows the system
  let printing = false;

  const variable = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  function readTheme() {
    const theme = {};
    for (const name of ['background', 'surface', 'raised', 'border', 'grid', 'text', 'muted', 'accent', 'selected']) theme[name] = variable(name);
    theme.faintPoint = variable('faint-point');
    theme.infeasiblePoint = variable('infeasible-point');
    theme.categories = Array.from({ length: 10 }, (_, i) => variable(`c${i}`));
    theme.ramp = Array.from({ length: 5 }, (_, i) => variable(`s${i}`));
    theme.font = variable('font');
    return theme;
  }

  const charts = [];  // {element, chart, draw}: draw(chart, theme) sets the whole option
  const themeListeners = [];  // what else shows colours of the theme, or prints differently
  const waiting = [];  // drawn one by one once the top of the page stands
  let theme;

  /**
   * Makes a chart, which is drawn soon (`first`: now) and again whenever the theme changes.
   * `fine` draws at twice the resolution at least, for paper; charts of thousands of marks do not.
   */
  function add(id, draw, { first = false, fine = true } = {}) {
    const element = document.getElementById(id);
    const entry = { element, chart: echarts.init(element, null, { renderer: 'canvas', devicePixelRatio: fine ? Math.max(2, devicePixelRatio) : devicePixelRatio }), draw };
    charts.push(entry);
    if (first) draw(entry.chart, theme);
    else if (waiting.push(entry) === 1) setTimeout(drawNext);
    return entry.chart;
  }
  function drawNext() {
    const entry = waiting.shift();
    if (entry === undefined) return;
    entry.draw(entry.chart, theme);
    if (waiting.length > 0) setTimeout(drawNext);
  }
  function redraw() {
    root.dataset.theme = printing ? 'light' : chosen ?? (media.matches ? 'dark' : 'light');
    theme = readTheme();
    page.theme = theme;
    waiting.length = 0;
    for (const { chart, draw } of charts) {
      chart.resize();
      draw(chart, theme);
    }
    themeListeners.forEach((listener) => listener());
  }
  function setTheme(name) {
    chosen = name;
    redraw();
  }
  function setPrinting(on) {
    if (on === printing) return;
    printing = on;
    root.classList.toggle('printing', on);
    redraw();
  }
  media.addEventListener('change', () => { if (chosen === null) redraw(); });
  addEventListener('beforeprint', () => setPrinting(true));
  addEventListener('afterprint', () => setPrinting(false));
  matchMedia('print').addEventListener('change', (event) => setPrinting(event.matches));
  let pending = 0;
  const resized = new ResizeObserver(() => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(() => {
      for (const { element, chart } of charts) {
        if (element.clientWidth > 0 && (chart.getWidth() !== element.clientWidth || chart.getHeight() !== element.clientHeight)) chart.resize();
      }
    });
  });

  /** Ticks at 1, 2, 5 times powers of ten (powers only when the range is long) inside [low, high]. */
  function logTicks(low, high) {
    const decades = Math.log10(high / low);
    const steps = decades > 4 ? [1] : decades > 2 ? [1, 3] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const step of steps) {
        const tick = Number(`${step}e${power}`);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
      }
    }
    return ticks;
  }

  /** A value or logarithmic axis over [low, high] with units at every tick. */
  function valueAxis({ range, log, unit, show, name, vertical = false, gap }) {
    const axis = {
      type: log ? 'log' : 'value', name, nameLocation: 'middle', nameGap: gap ?? (vertical ? 62 : 30),
      nameTextStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12.5, fontWeight: 600 },
      axisLine: { show: true, onZero: false, lineStyle: { color: theme.border } },
      axisTick: { show: true, lineStyle: { color: theme.border } },
      splitLine: { show: true, lineStyle: { color: theme.grid } },
      axisLabel: { color: theme.muted, fontFamily: theme.font, fontSize: 11.5, hideOverlap: true, formatter: (value) => (show ?? ((v) => quantity(v, unit, 3, true)))(value) },
      scale: true,
    };
    if (range && log) {
      const margin = (range[1] / range[0]) ** 0.04;
      axis.min = range[0] / Math.max(margin, 1.02);
      axis.max = range[1] * Math.max(margin, 1.02);
      const ticks = logTicks(axis.min, axis.max);
      axis.axisTick.customValues = ticks;
      axis.axisLabel.customValues = ticks;
      axis.splitLine.show = false;
    }
    return axis;
  }

  /** Black or white, whichever reads better on `colour` (#rrggbb), by the contrast formula of WCAG 2. */
  function inkOn(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000';
  }

  const tooltip = () => ({
    confine: true, backgroundColor: theme.surface, borderColor: theme.border, borderWidth: 1, padding: [8, 12],
    textStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12.5 }, extraCssText: 'box-shadow: 0 4px 16px rgba(0,0,0,.18); max-width: 420px; white-space: normal;',
  });
  const base = () => ({ animation: false, backgroundColor: 'transparent', textStyle: { fontFamily: theme.font, color: theme.text } });

  redraw();
  page.charts = {
    add, base, tooltip, valueAxis, setTheme, inkOn,
    onTheme: (listener) => themeListeners.push(listener), isPrinting: () => printing,
    settled: () => waiting.length === 0, isDark: () => root.dataset.theme === 'dark', observe: () => charts.forEach(({ element }) => resized.observe(element)),
  };
})();
