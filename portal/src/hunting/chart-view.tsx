/** A result as a chart. The grid beside it holds the same numbers, for those who do not see it. */
import { makeStyles, tokens } from '@fluentui/react-components';
import {
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartType,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PieController,
  PointElement,
  ScatterController,
  Tooltip,
} from 'chart.js';
import { useEffect, useRef } from 'react';
import { useDark, usePreferences, type Zone } from '../preferences.ts';
import { timeText } from '../ui/time-text.ts';
import type { ChartData, ChartKind } from './chart-data.ts';

Chart.register(
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PieController,
  PointElement,
  ScatterController,
  Tooltip,
);

const useStyles = makeStyles({
  frame: {
    position: 'relative',
    height: '260px',
    flexShrink: 0,
    padding: tokens.spacingHorizontalM,
    boxSizing: 'border-box',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
});

/** Told apart by people who see colours differently, and on either background. */
const palette = [
  '#3b82c4',
  '#d9822b',
  '#2a9d6f',
  '#b5529c',
  '#8c7a1f',
  '#5f6bd1',
  '#c4483b',
  '#2f9fb0',
  '#7a8794',
  '#9a6b3f',
];
const colourOf = (index: number) => palette[index % palette.length] ?? '#3b82c4';

const types: Readonly<Record<ChartKind, ChartType>> = {
  timechart: 'line',
  linechart: 'line',
  areachart: 'line',
  stackedareachart: 'line',
  columnchart: 'bar',
  barchart: 'bar',
  piechart: 'pie',
  scatterchart: 'scatter',
};

export function ChartView({ kind, data }: { readonly kind: ChartKind; readonly data: ChartData }) {
  const styles = useStyles();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  const { zone } = usePreferences();
  useEffect(() => {
    if (!canvas.current) return;
    const chart = draw(canvas.current, kind, data, zone, dark);
    return () => chart.destroy();
  }, [kind, data, zone, dark]);
  return (
    <div className={styles.frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${kind} of ${data.series.map(({ name }) => name).join(', ')}; the table below has its numbers`}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, kind: ChartKind, data: ChartData, zone: Zone, dark: boolean) {
  const labels = data.labels.map((label) =>
    data.x === 'time' ? timeText(label, zone).replace(/:00$/, '') : label || '(empty)',
  );
  const ink = dark ? '#d6d6d6' : '#424242';
  const grid = dark ? '#3d3d3d' : '#e0e0e0';
  const type = types[kind];
  const pie = type === 'pie';
  const stacked = kind === 'stackedareachart';
  const filled = stacked || kind === 'areachart';
  const axes = {
    x: { ticks: { color: ink, maxRotation: 40, autoSkip: true }, grid: { color: grid }, stacked },
    y: { ticks: { color: ink }, grid: { color: grid }, beginAtZero: true, stacked },
  };
  return new Chart(canvas, {
    type,
    data: {
      labels,
      datasets: data.series.map(({ name, values }, index) => ({
        label: name,
        data:
          type === 'scatter'
            ? values.map((y, at) => ({ x: data.x === 'number' ? Number(data.labels[at]) : at, y }))
            : [...values],
        borderColor: pie ? (dark ? '#1f1f1f' : '#ffffff') : colourOf(index),
        backgroundColor: pie
          ? values.map((_value, at) => colourOf(at))
          : filled
            ? `${colourOf(index)}66`
            : colourOf(index),
        borderWidth: pie ? 1 : 2,
        pointRadius: type === 'scatter' ? 3 : values.length > 60 ? 0 : 2,
        fill: filled,
        spanGaps: true,
      })) as never,
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      indexAxis: kind === 'barchart' ? 'y' : 'x',
      interaction: pie ? { mode: 'nearest' } : { mode: 'index', intersect: false },
      plugins: {
        legend: { display: pie || data.series.length > 1, labels: { color: ink, boxWidth: 12 } },
      },
      ...(pie ? {} : { scales: axes }),
    },
  });
}
