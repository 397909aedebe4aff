// Name and password of the root user that the first start makes. They come from the environment alone, so that no password stands in a file or in a list of processes.

export interface RootCredentials {
  username: string;
  password: string;
  /** Both words are the well-known default. */
  isDefault: boolean;
}

const defaultWord = 'iggy';

export interface RootCredentialsOutcome {
  credentials: RootCredentials | undefined;
  problems: string[];
  warnings: string[];
}

interface Named {
  name: string;
  value: string;
}

/** As the variables and `--with-default-root-credentials` say; undefined credentials mean that a password is to be generated. */
export function rootCredentials(username: Named | undefined, password: Named | undefined, withDefault: boolean): RootCredentialsOutcome {
  if (!username && !password && !withDefault) return { credentials: undefined, problems: [], warnings: [] };

  const warnings: string[] = [];
  if (username && password && withDefault) {
    warnings.push(`--with-default-root-credentials is ignored: ${username.name} and ${password.name} are set`);
  }
  if (!withDefault && !(username && password)) {
    const [given, missing] = username ? [username.name, 'ROOT_PASSWORD'] : [password?.name, 'ROOT_USERNAME'];
    return { credentials: undefined, problems: [`${given} is set without GALGO_${missing}: both are needed, or none`], warnings };
  }

  const problems = [...(username ? lengthProblem(username, 50) : []), ...(password ? lengthProblem(password, 100) : [])];
  const credentials = { username: username?.value ?? defaultWord, password: password?.value ?? defaultWord };
  return {
    credentials: { ...credentials, isDefault: credentials.username === defaultWord && credentials.password === defaultWord },
    problems,
    warnings,
  };
}

// Iggy's limits, in bytes of UTF-8.
function lengthProblem({ name, value }: Named, bytesMax: number): string[] {
  const bytes = Buffer.byteLength(value);
  return bytes >= 3 && bytes <= bytesMax ? [] : [`${name} must have 3 to ${bytesMax} bytes`];
}
