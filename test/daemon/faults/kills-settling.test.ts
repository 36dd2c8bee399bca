import { testKills } from './kills.ts';

testKills('settling');
