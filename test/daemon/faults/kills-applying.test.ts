import { testKills } from './kills.ts';

testKills('applying');
