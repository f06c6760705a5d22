/** The last minute of acknowledged and refused writes, a sample a second. Keeps only what it shows. */
import { useEffect, useRef, useState } from 'react';

interface Sample {
  readonly acknowledged: number;
  readonly refused: number;
}

const SAMPLES = 60;
const EVERY_MS = 1_000;
const WIDTH = 300;
const HEIGHT = 56;

interface SparklineProps {
  readonly acknowledgedPerSecond: number;
  /** Counted since the start. */
  readonly refused: number;
}

export function Sparkline({ acknowledgedPerSecond, refused }: SparklineProps) {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const now = useRef({ acknowledgedPerSecond, refused });
  const before = useRef(refused);
  useEffect(() => {
    now.current = { acknowledgedPerSecond, refused };
  });
  useEffect(() => {
    const look = () => {
      const { acknowledgedPerSecond: acknowledged, refused: total } = now.current;
      const sample = { acknowledged, refused: Math.max(0, total - before.current) };
      before.current = total;
      setSamples((all) => [...all, sample].slice(-SAMPLES));
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);

  const most = Math.max(1, ...samples.map((one) => Math.max(one.acknowledged, one.refused)));
  const x = (place: number) => WIDTH - ((samples.length - 1 - place) * WIDTH) / (SAMPLES - 1);
  const y = (value: number) => HEIGHT - 3 - (value / most) * (HEIGHT - 8);
  const line = samples.map((one, place) => `${x(place).toFixed(1)},${y(one.acknowledged).toFixed(1)}`).join(' ');
  const first = x(0).toFixed(1);
  return (
    <svg
      aria-label="Acknowledged writes a second over the last minute; refused ones are the bars"
      className="sparkline"
      preserveAspectRatio="none"
      role="img"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
    >
      <line className="spark-ground" x1="0" x2={WIDTH} y1={HEIGHT - 3} y2={HEIGHT - 3} />
      {samples.length > 1 && (
        <>
          <polygon className="spark-area" points={`${first},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
          <polyline className="spark-line" points={line} />
        </>
      )}
      {samples.map((one, place) =>
        one.refused === 0 ? null : (
          <line className="spark-refused" key={place} x1={x(place)} x2={x(place)} y1={HEIGHT} y2={y(one.refused)} />
        ),
      )}
    </svg>
  );
}
