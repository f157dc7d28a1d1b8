/**
 * Modules that stand in a package's imports and are hardly ever used: a stand-in takes their place, and the real one is
 * loaded when something of it is asked for.
 */
import Module from "node:module";

interface Loader {
  _load(request: string, parent: NodeJS.Module | undefined, isMain: boolean): unknown;
  _resolveFilename(request: string, parent: NodeJS.Module | undefined, isMain: boolean): string;
}

/** Answers as `import * as name` does, which is also what the compiled importer takes it for. */
function lateModule(load: () => object): object {
  let loaded: object | null = null;
  const real = (): object => (loaded ??= load());
  const target = function () {};
  return new Proxy(target, {
    get(_, key) {
      if (key === "__esModule") return true;
      const module = real();
      return key === "default" && !("__esModule" in module) ? module : Reflect.get(module, key);
    },
    set: (_, key, value) => Reflect.set(real(), key, value),
    has: (_, key) => Reflect.has(real(), key),
    apply: (_, self, args) => Reflect.apply(real() as () => unknown, self, args),
    construct: (_, args) => Reflect.construct(real() as new () => object, args),
    ownKeys: () => [...new Set([...Reflect.ownKeys(real()), ...Reflect.ownKeys(target)])],
    getOwnPropertyDescriptor(_, key) {
      const own = Reflect.getOwnPropertyDescriptor(target, key);
      const found = own ?? Reflect.getOwnPropertyDescriptor(real(), key);
      return found === undefined || found === own ? found : { ...found, configurable: true };
    },
  });
}

/**
 * Runs `work`; what files of `importer` (a package's name) ask for meanwhile and `late` names comes as a stand-in. A
 * module that is not installed fails at once, as ever.
 */
export function withLateModules<T>(importer: string, late: readonly RegExp[], work: () => T): T {
  const loader = Module as unknown as Loader;
  const { _load: before } = loader;
  const inPackage = `/node_modules/${importer}/`;
  loader._load = function (this: unknown, request, parent, isMain) {
    const load = (): unknown => before.call(this, request, parent, isMain);
    const asker = parent?.filename?.replaceAll("\\", "/") ?? "";
    if (!asker.includes(inPackage) || !late.some((pattern) => pattern.test(request))) return load();
    loader._resolveFilename(request, parent, isMain);
    return lateModule(load as () => object);
  };
  try {
    return work();
  } finally {
    loader._load = before;
  }
}
