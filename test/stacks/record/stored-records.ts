/**
 * Records as deployed environments have them in their outputs: schema 1, written by released versions. What is stored
 * is never changed here to suit the code.
 */
export const storedRecords: Readonly<Record<string, unknown>> = {
  "of a quiet environment": {
    schemaVersion: 1,
    revision: 7,
    placement: {
      blue: { role: "active", version: "1.34", workload: "running" },
      green: { role: "absent", version: null, workload: "running" },
    },
    rollout: null,
    intent: null,
  },
  "in the middle of an upgrade": {
    schemaVersion: 1,
    revision: 12,
    placement: {
      blue: { role: "active", version: "1.34", workload: "running" },
      green: { role: "standby", version: "1.35", workload: "running", capacityPercent: 150 },
    },
    rollout: {
      id: "2026-09-01T10:00:00.000Z",
      strategy: "replace",
      wantedVersion: "1.35",
      steps: [
        {
          type: "move",
          kind: "provision",
          member: "green",
          from: { role: "absent", version: null, workload: "running" },
          to: { role: "standby", version: "1.35", workload: "running", capacityPercent: 150 },
        },
        {
          type: "move",
          kind: "admit",
          member: "green",
          from: { role: "standby", version: "1.35", workload: "running", capacityPercent: 150 },
          to: { role: "active", version: "1.35", workload: "running", capacityPercent: 150 },
        },
        { type: "bake", seconds: 600, why: "green serves beside blue" },
        {
          type: "move",
          kind: "drain",
          member: "blue",
          from: { role: "active", version: "1.34", workload: "running" },
          to: { role: "standby", version: "1.34", workload: "running" },
        },
      ],
      done: 1,
      direction: "forward",
      reason: null,
      startedAt: "2026-09-01T10:00:00.000Z",
    },
    intent: {
      move: {
        kind: "admit",
        member: "green",
        from: { role: "standby", version: "1.35", workload: "running", capacityPercent: 150 },
        to: { role: "active", version: "1.35", workload: "running", capacityPercent: 150 },
      },
      step: 1,
      startedAt: "2026-09-01T10:20:00.000Z",
      by: "ann@laptop 4711",
      targetsBefore: {},
    },
  },
  "of a drain on its way back, with what was counted before": {
    schemaVersion: 1,
    revision: 31,
    placement: {
      blue: { role: "active", version: "1.34", workload: "running" },
      green: { role: "active", version: "1.35", workload: "running" },
    },
    rollout: {
      id: "2026-10-02T08:00:00.000Z",
      strategy: "replace",
      wantedVersion: "1.35",
      steps: [
        {
          type: "move",
          kind: "drain",
          member: "green",
          from: { role: "active", version: "1.35", workload: "running" },
          to: { role: "standby", version: "1.35", workload: "running" },
        },
      ],
      done: 0,
      direction: "back",
      reason: "2 of 16 requests to 'web' failed",
      healthyBefore: { blue: { web: 3 } },
      baseline: {
        targets: { blue: { web: { registered: 3, healthy: 3 } } },
        requests: { web: { sent: 16, failed: 0, statuses: [200] } },
        alarms: [],
      },
      startedAt: "2026-10-02T08:00:00.000Z",
    },
    intent: {
      move: {
        kind: "drain",
        member: "green",
        from: { role: "active", version: "1.35", workload: "running" },
        to: { role: "standby", version: "1.35", workload: "running" },
      },
      step: 0,
      startedAt: "2026-10-02T08:31:00.000Z",
      by: "ci@runner 17",
      targetsBefore: { web: ["10.0.2.1:8080", "10.0.2.2:8080"] },
    },
  },
};
