import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases, checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('series element by element', () => {
  checkValues(open, [
    ['series_abs(dynamic([-1.5, 0, "x", null]))', [1.5, 0, null, null]],
    ['series_sign(dynamic([-6, 0, 8]))', [-1, 0, 1]],
    ['series_ceiling(dynamic([-1.5, 1, 2.5]))', [-1, 1, 3]],
    ['series_floor(dynamic([-1.5, 1, 2.5]))', [-2, 1, 2]],
    ['series_exp(dynamic([0]))', [1]],
    ['series_log(dynamic([1, 0]))', [0, '-Infinity']],
    ['series_sin(dynamic([0]))', [0]],
    ['series_cos(dynamic([0]))', [1]],
    ['series_tan(dynamic([0]))', [0]],
    ['series_asin(dynamic([0, 2]))', [0, 'NaN']],
    ['series_acos(dynamic([1]))', [0]],
    ['series_atan(dynamic([0]))', [0]],
    ['series_add(dynamic([1, 2, 4]), dynamic([10, 20]))', [11, 22, null]],
    ['series_add(dynamic([1, 2]), 10)', [11, 12]],
    ['series_subtract(dynamic([1, 2]), dynamic([3, 1]))', [-2, 1]],
    ['series_multiply(10, dynamic([1, -1]))', [10, -10]],
    ['series_divide(dynamic([1, 2]), dynamic([4, 0]))', [0.25, 'Infinity']],
    ['series_pow(dynamic([1, 2, 4]), dynamic([1, 3, 0.5]))', [1, 8, 2]],
    ['series_equals(dynamic([1, 2]), dynamic([1, 3]))', [true, false]],
    ['series_not_equals(dynamic([1, 2]), dynamic([1, 3]))', [false, true]],
    ['series_less(dynamic([1, 2, 3]), dynamic([2, 2]))', [true, false, null]],
    ['series_less_equals(dynamic([1, 2]), 1)', [true, false]],
    ['series_greater(dynamic([1, 2]), dynamic([0, 2]))', [true, false]],
    ['series_greater_equals(dynamic([1, 2]), dynamic([2, 2]))', [false, true]],
    ['series_add(series_add(series_multiply(dynamic([1, 2]), 2), 1), series_abs(dynamic([-1, 1])))', [4, 6]],
    ['series_abs(parse_json("{}"))', null],
  ]);
});

describe('series as one number', () => {
  checkValues(open, [
    ['series_sum(dynamic([1, 2, null, 4]))', 7],
    ['series_product(dynamic([1, 2, 4]))', 8],
    ['series_magnitude(dynamic([3, 4]))', 5],
    ['series_dot_product(dynamic([1, 2, 4]), dynamic([4, 2]))', 8],
    ['series_dot_product(dynamic([1, 2]), 10)', 30],
    ['series_dot_product(dynamic([]), dynamic([1]))', null],
    ['round(pow(series_cosine_similarity(dynamic([1, 0]), dynamic([1, 1])), 2), 12)', 0.5],
    ['series_cosine_similarity(dynamic([3, 4]), dynamic([3, 4]), 5.0, 10.0)', 0.5],
    ['round(series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6])), 12)', 1],
    ['series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4]))', null],
  ]);
});

describe('arrays side by side', () => {
  checkValues(open, [
    ['todouble(jaccard_index(dynamic([1, 2, 3, 3]), dynamic([1, 2, 3, 4])))', 0.75],
    ['todouble(jaccard_index(dynamic(["a"]), dynamic(["b"])))', 0],
    [
      'zip(dynamic([1, 3]), dynamic([2, 4]))',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'zip(dynamic(["A", {}]), dynamic(["B"]), dynamic([1.5, null]))',
      [
        ['A', 'B', 1.5],
        [{}, null, null],
      ],
    ],
  ]);
});

describe('series with gaps', () => {
  checkValues(open, [
    ['series_fill_forward(dynamic([null, 3, null, 7, null]))', [null, 3, 3, 7, 7]],
    ['series_fill_backward(dynamic([null, 3, null, 7, null]))', [3, 3, 7, 7, null]],
    ['series_fill_forward(dynamic([1, -1, 3]), -1)', [1, 1, 3]],
    ['series_fill_const(dynamic([null, 3, null]), 0)', [0, 3, 0]],
    ['series_fill_const(dynamic([9, 3, null]), -1, 9)', [-1, 3, null]],
    ['series_fill_linear(dynamic([null, 1.5, null, 2.5, null]))', [1.5, 1.5, 2, 2.5, 2.5]],
    ['series_fill_linear(dynamic([null, 1.5, null, 2.5]), double(null), false)', [null, 1.5, 2, 2.5]],
    ['series_fill_linear(dynamic([10, null, null, 15]))', [10, 11, 13, 15]],
    ['series_fill_linear(dynamic([null, null]), double(null), true, 3.5)', [3.5, 3.5]],
    ['series_fill_linear(dynamic([null, null]))', [0, 0]],
    ['series_fill_linear(dynamic([1, 0, 5.5]), 0)', [1, 3.25, 5.5]],
  ]);
});

describe('statistics of series', () => {
  checkCases(open, [
    [
      'print x = dynamic([4, 1, 9, 1]) | project series_stats(x)',
      [[1, 1, 9, 2, 3.75, Math.sqrt(14.25), 14.25]],
    ],
    [
      'print x = dynamic([4, 1, 9, 1]) | project d = series_stats_dynamic(x) | project d.min_idx, d.sum, d.len, d.avg',
      [[1, 15, 4, 3.75]],
    ],
    [
      'print x = dynamic([4, null]) | extend (a, b) = series_stats(x) | project a, b, series_stats_x_max',
      [[null, null, null]],
    ],
    [
      'print x = dynamic([4, null, 2]) | extend (a, b, c) = series_stats(x, true) | project a, b, c, series_stats_x_avg',
      [[2, 2, 4, 3]],
    ],
    ['print x = dynamic([1, 2]) | extend low = series_stats(x) | project low, series_stats_x_max', [[1, 2]]],
  ]);
  checkValues(open, [
    [
      'array_slice(series_outliers(dynamic([-3, 2.4, 15, 3.9, 5, 6, 4.5, 5.2, 3, 4, 5, 16, 7, 5, 5, 4])), 0, 3)',
      [-1.904078548360857, -0.10021466044004519, 1.3361954725339347, 0],
    ],
    ['series_outliers(dynamic([0, 1, 2, 3, 14]), "tukey")', [-0.5, 0, 0, 0, 5.5]],
    ['series_outliers(dynamic([0, 1, 2, 3, null, -9]), "tukey", -9)', [-0.5, 0, 0, 0.5, 0, 0]],
    ['series_outliers(dynamic([1, 1, 1, 1, 1, 1]))', [0, 0, 0, 0, 0, 0]],
  ]);
});

describe('lines through series', () => {
  checkCases(open, [
    ['print y = dynamic([1, 3, 5, 7]) | project series_fit_line(y)', [[1, 2, 20 / 3, 0, -1, [1, 3, 5, 7]]]],
    [
      'print y = dynamic([2, 5, 6, 8, 11, 15, 17, 18, 25, 26, 30, 30]) | extend (r, s) = series_fit_line(y) | project round(r, 3), round(s, 3), round(series_fit_line_y_interception, 3)',
      [[0.983, 2.731, -1.667]],
    ],
    [
      'print y = dynamic([1, 3, 5]) | project f = series_fit_line_dynamic(y) | project f.slope, f.line_fit',
      [[2, [1, 3, 5]]],
    ],
    ['print y = dynamic([1, "x"]) | project series_fit_line_dynamic(y)', [[null]]],
    [
      'print y = dynamic([0, 1, 2, 3, 10, 8, 6, 4]) | extend (r, i) = series_fit_2lines(y) | project round(r, 9), i, round(series_fit_2lines_y_right_slope, 9), round(series_fit_2lines_y_left_slope, 9)',
      [[1, 4, -2, 1]],
    ],
    [
      'print y = dynamic([0, 1, 2, 3, 10, 8, 6, 4]) | project f = series_fit_2lines_dynamic(y) | project f.split_idx, round(todouble(f.left.slope), 9), array_length(f.line_fit)',
      [[4, 1, 8]],
    ],
    [
      'range x from 1 to 20 step 1 | extend y = 2.0 * x * x * x - 3 * x + 7 | sort by x asc | summarize x = make_list(x), y = make_list(y) | extend (r, c) = series_fit_poly(y, x, int(3)) | project round(r, 9), round(todouble(c[0]), 6), round(todouble(c[2]), 6), round(todouble(c[3]), 6)',
      [[1, 2, -3, 7]],
    ],
    [
      'print y = dynamic([2, 4, 6]) | extend (r, c) = series_fit_poly(y) | project round(r, 9), round(todouble(c[0]), 9), round(todouble(c[1]), 9)',
      [[1, 2, 0]],
    ],
  ]);
});

describe('filters and transforms', () => {
  checkValues(open, [
    ['series_fir(dynamic([0, 0, 10, 0, 0]), dynamic([1, 1]))', [0, 0, 5, 5, 0]],
    ['series_fir(dynamic([0, 0, 9, 0, 0]), dynamic([1, 1, 1]), true, true)', [0, 3, 3, 3, 0]],
    ['series_fir(dynamic([1, 4, 9]), dynamic([1, -1]))', [1, 3, 5]],
    ['series_fir(dynamic([1, 4, 9]), dynamic([1, -1]), true)', null],
    ['series_fir(dynamic([1, 2]), dynamic([1, 1, 1, 1]), false)', [1, 3]],
    ['series_iir(dynamic([1, 2, 3, 4]), dynamic([1]), dynamic([1, -1]))', [1, 3, 6, 10]],
    ['series_iir(dynamic([1, 2, 3]), dynamic([1, 1]), dynamic([2]))', [0.5, 1.5, 2.5]],
    ['series_iir(dynamic([1]), dynamic([1]), dynamic([0, 1]))', null],
  ]);
  checkCases(open, [
    [
      'print x = dynamic([1, 0, 0, 0]) | project series_fft(x)',
      [
        [
          [1, 1, 1, 1],
          [0, 0, 0, 0],
        ],
      ],
    ],
    [
      'print x = dynamic([1, 2, 4]) | extend (re, im) = series_fft(x) | extend (back, rest) = series_ifft(re, im) | project round(todouble(re[0]), 9), round(todouble(back[1]), 9), round(todouble(back[2]), 9), abs(round(todouble(rest[0]), 9))',
      [[7, 2, 4, 0]],
    ],
  ]);
});

describe('seasons of series', () => {
  const season = (days: number) =>
    `range t from 0 to ${24 * days - 1} step 1 | extend y = iff(t % 24 < 8, 1.0, 6.0) + 0.01 * (t % 5) | extend y = y + case(t == 100, 9.0, t == 50, -9.0, 0.0) | sort by t asc | summarize y = make_list(y)`;
  checkCases(open, [
    [
      `${season(10)} | extend (p, s) = series_periods_detect(y, 4, 120, 2) | project p[0], todouble(s[0]) > 0.6`,
      [[24, true]],
    ],
    [
      `${season(10)} | extend (p, s) = series_periods_validate(y, 24.0, 17.0, 2.0, 999.0) | project todouble(s[0]) > 0.6, s[1], s[2], s[3]`,
      [[true, 0, 0, 0]],
    ],
    [
      `${season(10)} | extend (flag, score, base) = series_decompose_anomalies(y) | project flag[50], flag[100], series_sum(series_abs(flag)) < 6, todouble(base[3]) < 2`,
      [[-1, 1, true, true]],
    ],
    [
      `${season(10)} | extend (flag, score) = series_decompose_anomalies(y, 1000.0) | project series_sum(flag)`,
      [[0]],
    ],
    [
      'print y = dynamic([1, 5, 9, 1, 5, 9, 1, 5, 90]) | extend (base, season, trend, rest) = series_decompose(y, 3, "none") | project base, season, trend, rest',
      [
        [
          [1, 5, 9, 1, 5, 9, 1, 5, 9],
          [1, 5, 9, 1, 5, 9, 1, 5, 9],
          [0, 0, 0, 0, 0, 0, 0, 0, 0],
          [0, 0, 0, 0, 0, 0, 0, 0, 81],
        ],
      ],
    ],
    [
      'print y = dynamic([1, 2, 3, 10]) | extend (base, season, trend, rest) = series_decompose(y, 0, "avg", 1) | project base, rest',
      [
        [
          [2, 2, 2, 2],
          [-1, 0, 1, 8],
        ],
      ],
    ],
    [
      'print y = dynamic([1, 2, 3, 0, 0]) | extend f = series_decompose_forecast(y, 2, 0, "linefit") | project f',
      [[[1, 2, 3, 4, 5]]],
    ],
    [
      'print y = dynamic([1, 2, null]) | extend series_decompose(y) | project series_decompose_y_baseline',
      [[null]],
    ],
  ]);
  checkValues(open, [
    ['series_seasonal(dynamic([1, 3, 5, 1, 3, 5, 2, 4, 6]), 3)', [1, 3, 5, 1, 3, 5, 1, 3, 5]],
    ['series_seasonal(dynamic([1, 2, 1, 2]), 2)', [1, 2, 1, 2]],
    ['series_seasonal(dynamic([1, 2, 3]), 0)', [0, 0, 0]],
    [
      'series_seasonal(dynamic([8, 12, 14, 12, 10, 10, 12, 14, 12, 10, 10, 12, 14, 12, 10, 10, 12, 14, 12, 10]))[0]',
      10,
    ],
  ]);
});
