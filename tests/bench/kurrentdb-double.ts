/** The double of KurrentDB as a process of its own. Prints its URL. */
import { startKurrentDbDouble } from '../servers/kurrentdb-double/double.ts';

const { url } = await startKurrentDbDouble();
console.log(JSON.stringify({ url }));
