import assert from "node:assert/strict";
import { accessEntryKeys } from "../../../components/internal/access-entries";

const role = (path: string, account = "111122223333") => `arn:aws:iam::${account}:role/${path}`;

describe("keys of access entries", () => {
  it("are the last part of the ARN, as in clusters that are deployed", () =>
    assert.deepEqual(accessEntryKeys([role("admins"), role("ci/deploy")]), {
      admins: role("admins"),
      deploy: role("ci/deploy"),
    }));
  it("tell roles of one name apart, and the first one keeps its key when another comes", () => {
    const sso = role("aws-reserved/sso.amazonaws.com/Admin", "444455556666");
    const keys = accessEntryKeys([role("Admin"), role("teams/Admin"), sso]);
    assert.equal(keys["Admin"], role("Admin"));
    assert.deepEqual(new Set(Object.values(keys)), new Set([role("Admin"), role("teams/Admin"), sso]));
    for (const key of Object.keys(keys)) assert.match(key, /^Admin(-[0-9a-f]{8})?$/);
  });
  it("name a role once, however often it is listed", () =>
    assert.deepEqual(accessEntryKeys([role("admins"), role("admins")]), { admins: role("admins") }));
});
