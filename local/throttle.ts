/** A token bucket, as API Gateway throttles: `burst` requests at once, refilled at `rate` a second. */
export class Throttle {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt = performance.now();

  constructor({ rate, burst }: { rate: number; burst: number }) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether one more request may pass. */
  pass(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#rate);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

interface RouteSettings {
  readonly ThrottlingRateLimit?: number;
  readonly ThrottlingBurstLimit?: number;
}

export interface StageProperties {
  readonly StageName: string;
  readonly DefaultRouteSettings?: RouteSettings;
  readonly RouteSettings?: Readonly<Record<string, RouteSettings>>;
}

/** One bucket a route, as the stage says; a route without limits passes everything. */
export const throttlesOf = ({ DefaultRouteSettings, RouteSettings = {} }: StageProperties) => {
  const buckets = new Map<string, Throttle>();
  return (routeKey: string): Throttle => {
    const known = buckets.get(routeKey);
    if (known) return known;
    const settings = { ...DefaultRouteSettings, ...RouteSettings[routeKey] };
    const made = new Throttle({
      rate: settings.ThrottlingRateLimit ?? Number.POSITIVE_INFINITY,
      burst: settings.ThrottlingBurstLimit ?? Number.POSITIVE_INFINITY,
    });
    buckets.set(routeKey, made);
    return made;
  };
};
