import type { Database } from './database';
import { defaultSettings, settingsSchema, type Settings } from './settings';

const metaKey = 'settings';

/** The current settings, durable across restarts. */
export class SettingsBox {
  private settings: Settings;

  constructor(private readonly database: Database) {
    const saved = settingsSchema.partial().parse(database.readMeta(metaKey) ?? {});
    this.settings = settingsSchema.parse({ ...defaultSettings, ...saved });
  }

  get(): Settings {
    return this.settings;
  }

  /** Changes the given part; the rest stays. */
  update(change: Readonly<Record<string, unknown>>): Settings {
    this.settings = settingsSchema.parse({ ...this.settings, ...change });
    this.database.writeMeta(metaKey, this.settings);
    return this.settings;
  }
}
