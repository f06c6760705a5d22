/**
 * Commands that write, may write, or reach others through replication, by their names in commandstats. From the `write` flag of COMMAND on Redis 2.8 to
 * 8.0 and Valkey 9.1, and the scripting commands, which may. A list of ours because COMMAND is missing before 2.8.13.
 */
const WRITE_COMMANDS = new Set(
  `append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby del delex delifeq
  eval evalsha expire expireat fcall flushall flushdb function|delete function|flush function|load function|restore geoadd
  georadius georadiusbymember geosearchstore getdel getex getset hdel hexpire hexpireat hgetdel hgetex hincrby
  hincrbyfloat hmset hpersist hpexpire hpexpireat hset hsetex hsetnx incr incrby incrbyfloat linsert lmove lmpop lpop lpush
  lpushx lrem lset ltrim migrate move mset msetex msetnx persist pexpire pexpireat pfadd pfmerge psetex publish rename renamenx
  restore restore-asking rpop rpoplpush rpush rpushx sadd sdiffstore set setbit setex setnx setrange sinterstore smove
  sort spop spublish srem sunionstore swapdb unlink xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup|create xgroup|createconsumer
  xgroup|delconsumer xgroup|destroy xgroup|setid xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop
  zpopmax zpopmin zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore`.split(/\s+/),
);

export function isWriteCommand(name: string): boolean {
  return WRITE_COMMANDS.has(name.toLowerCase());
}
