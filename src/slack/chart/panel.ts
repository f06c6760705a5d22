/** One part of a chart: its drawing and how high it is, in pixels. */
export interface Panel {
  readonly svg: string;
  readonly height: number;
}
