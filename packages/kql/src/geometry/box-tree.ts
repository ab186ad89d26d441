/** From a lowest to a highest place on each axis. */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

interface Node extends Box {
  readonly below: readonly Node[];
  /** Numbers of boxes; of a leaf only. */
  readonly own: readonly number[];
}

const LEAF = 8;

/** Many boxes, so that those which meet another are found without looking at all of them. */
export class BoxTree {
  readonly #boxes: readonly Box[];
  readonly #root: Node;

  constructor(boxes: readonly Box[]) {
    this.#boxes = boxes;
    this.#root = divided(
      boxes,
      boxes.map((_, index) => index),
    );
  }

  /** Numbers of the boxes that meet this one, lowest first. */
  meeting(box: Box): number[] {
    const found: number[] = [];
    const waiting = [this.#root];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (!meets(node, box)) continue;
      waiting.push(...node.below);
      for (const index of node.own) if (meets(this.#boxes[index] as Box, box)) found.push(index);
    }
    return found.sort((a, b) => a - b);
  }
}

function meets(a: Box, b: Box): boolean {
  for (let axis = 0; axis < a.low.length; axis++) {
    if ((a.low[axis] as number) > (b.high[axis] as number)) return false;
    if ((a.high[axis] as number) < (b.low[axis] as number)) return false;
  }
  return true;
}

/** In halves, across the axis on which they reach furthest. */
function divided(boxes: readonly Box[], own: number[]): Node {
  const whole = around(own.map((index) => boxes[index] as Box));
  if (own.length <= LEAF) return { ...whole, below: [], own };
  const sizes = whole.low.map((low, axis) => (whole.high[axis] as number) - low);
  const axis = sizes.indexOf(Math.max(...sizes));
  const middle = (index: number) => {
    const { low, high } = boxes[index] as Box;
    return (low[axis] as number) + (high[axis] as number);
  };
  own.sort((a, b) => middle(a) - middle(b));
  const half = own.length >> 1;
  return {
    ...whole,
    below: [divided(boxes, own.slice(0, half)), divided(boxes, own.slice(half))],
    own: [],
  };
}

function around(boxes: readonly Box[]): Box {
  const [first = { low: [], high: [] }] = boxes;
  const [low, high] = [[...first.low], [...first.high]];
  for (const box of boxes)
    for (const axis of low.keys()) {
      low[axis] = Math.min(low[axis] as number, box.low[axis] as number);
      high[axis] = Math.max(high[axis] as number, box.high[axis] as number);
    }
  return { low, high };
}
