//! Databases, caches and message brokers.

use super::program::{
    File::{Jar, Named, Path},
    Form::{Native, Text, Zip},
    Program, after, before, built, hit, in_name, linked, miss, row,
};
use super::version::{THREE, TWO_OR_THREE, numbers};

/// The databases, by name.
pub(super) static ALL: &[Program] = &[
    Program {
        name: "arangodb",
        cpe: "arangodb:arangodb",
        files: &[Named("arangod"), Named("arangosh")],
        form: Native,
        rules: &[
            before(b" [linux]", THREE.any()),
            before(b" enterprise [linux]", THREE.any()),
        ],
        samples: &[
            hit("usr/bin/arangosh", b"\x003.11.5 [linux] 64bit\0", "arangodb 3.11.5"),
            hit("usr/sbin/arangod", b"\x003.12.0-2 enterprise [linux]\0", "arangodb 3.12.0-2"),
            miss("usr/bin/arangosh", b"\x003.11 [linux]\0"),
        ],
    },
    Program {
        name: "cassandra",
        cpe: "apache:cassandra",
        files: &[Jar("apache-cassandra-")],
        form: Zip,
        rules: &[in_name(TWO_OR_THREE)],
        samples: &[
            hit("opt/cassandra/lib/apache-cassandra-4.1.3.jar", b"", "cassandra 4.1.3"),
            hit("opt/cassandra/lib/apache-cassandra-5.0-beta1.jar", b"", "cassandra 5.0-beta1"),
            miss("opt/cassandra/lib/apache-cassandra-thrift-4.1.3.jar", b""),
        ],
    },
    Program {
        name: "clickhouse",
        cpe: "clickhouse:clickhouse",
        files: &[Named("clickhouse"), Named("clickhouse-server")],
        form: Native,
        rules: &[after(b"ClickHouse ", numbers(4, 4)), after(b"-lts (official build)", THREE), before(b" (official build)", numbers(4, 4))],
        samples: &[
            hit("usr/bin/clickhouse", b"\x0023.8.8.20 (official build)\0", "clickhouse 23.8.8.20"),
            miss("usr/bin/clickhouse", b"\0ClickHouse 23.8\0"),
        ],
    },
    Program {
        name: "cockroach",
        cpe: "cockroachlabs:cockroachdb",
        files: &[Named("cockroach")],
        form: Native,
        rules: &[
            after(b"github.com/cockroachdb/cockroach/pkg/build.tag=v", THREE.any()),
            linked(),
        ],
        samples: &[
            hit("cockroach/cockroach", b"\0go1.22.5\0\0\0v24.1.2\0\0", "cockroach 24.1.2"),
            miss("cockroach/cockroach", b"\0go1.22.5\0\0\0v24.1\0\0"),
        ],
    },
    Program {
        name: "elasticsearch",
        cpe: "elastic:elasticsearch",
        files: &[Jar("elasticsearch-")],
        form: Zip,
        rules: &[in_name(THREE)],
        samples: &[
            hit("usr/share/elasticsearch/lib/elasticsearch-8.11.1.jar", b"", "elasticsearch 8.11.1"),
            miss("usr/share/elasticsearch/lib/elasticsearch-core-8.11.1.jar", b""),
        ],
    },
    Program {
        name: "etcd",
        cpe: "etcd:etcd",
        files: &[Named("etcd"), Named("etcdctl"), Named("etcdutl")],
        form: Native,
        rules: &[
            after(b"dep\tgo.etcd.io/etcd/api/v3\tv", THREE.any()),
            after(b"mod\tgo.etcd.io/etcd/server/v3\tv", THREE.any()),
        ],
        samples: &[
            hit(
                "usr/local/bin/etcd",
                b"dep\tgo.etcd.io/etcd/api/v3\tv3.5.9\n=>\t../api\t(devel)\n",
                "etcd 3.5.9",
            ),
            miss("usr/local/bin/etcd", b"dep\tgo.etcd.io/etcd/raft/v3\tv3.5.9\n"),
        ],
    },
    Program {
        name: "flink",
        cpe: "apache:flink",
        files: &[Jar("flink-dist-")],
        form: Zip,
        rules: &[in_name(THREE.any())],
        samples: &[
            hit("opt/flink/lib/flink-dist-1.18.0.jar", b"", "flink 1.18.0"),
            miss("opt/flink/lib/flink-table-1.18.0.jar", b""),
        ],
    },
    Program {
        name: "hadoop",
        cpe: "apache:hadoop",
        files: &[Jar("hadoop-common-")],
        form: Zip,
        rules: &[in_name(THREE.any())],
        samples: &[
            hit("opt/hadoop/share/hadoop/common/hadoop-common-3.3.6.jar", b"", "hadoop 3.3.6"),
            miss("opt/hadoop/share/hadoop/common/hadoop-common-3.3.6-tests.txt", b""),
        ],
    },
    Program {
        name: "influxdb",
        cpe: "influxdata:influxdb",
        files: &[Named("influxd"), Named("influx")],
        form: Native,
        rules: &[
            after(b"-X main.version=v", THREE.any()),
            after(b"-X main.version=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit("usr/bin/influxd", b"\0go1.19.8\0\0\0\0\0\0\0\x001.6.7~rc0\0\0", "influxdb 1.6.7~rc0"),
            hit("usr/bin/influxd", b"\0go1.21.3\0\0\0\0\0v2.7.4\0\0", "influxdb 2.7.4"),
            miss("usr/bin/influxd", b"\0go1.19.8\0\0\0\0unknown\0\0"),
        ],
    },
    Program {
        name: "kafka",
        cpe: "apache:kafka",
        files: &[Jar("kafka_2.12-"), Jar("kafka_2.13-"), Jar("kafka_2.11-"), Jar("kafka_2.10-")],
        form: Zip,
        rules: &[in_name(numbers(3, 4).any())],
        samples: &[
            hit("opt/kafka/libs/kafka_2.13-3.6.0.jar", b"", "kafka 3.6.0"),
            miss("opt/app/lib/kafka-clients-3.6.0.jar", b""),
        ],
    },
    Program {
        name: "logstash",
        cpe: "elastic:logstash",
        files: &[Path("versions-gem-copy.yml"), Path("logstash/versions.yml")],
        form: Text,
        rules: &[after(b"\nlogstash: ", THREE.any())],
        samples: &[
            hit("usr/share/logstash/logstash-core/versions-gem-copy.yml", b"---\n# alpha and beta qualifiers are now added via VERSION_QUALIFIER environment var\nlogstash: 8.11.1\nlogstash-core: 8.11.1\n", "logstash 8.11.1"),
            miss("usr/share/logstash/logstash-core/versions-gem-copy.yml", b"---\nlogstash-core: 8.11.1\n"),
        ],
    },
    Program {
        name: "memcached",
        cpe: "memcached:memcached",
        files: &[Named("memcached")],
        form: Native,
        rules: &[after(b"memcached ", THREE)],
        samples: &[
            hit("usr/local/bin/memcached", b"listen\0memcached 1.6.18\0udp-port\0", "memcached 1.6.18"),
            miss("usr/local/bin/memcached", b"\0memcached 1.6 and later\0"),
        ],
    },
    Program {
        name: "mongodb",
        cpe: "mongodb:mongodb",
        files: &[Named("mongod"), Named("mongos")],
        form: Native,
        rules: &[
            before(b"\0tcmalloc\0", THREE),
            before(b"\0heap_size\0", THREE),
            before(b"\0cppdefines\0", THREE),
            after(b"mongodb-src-r", THREE),
        ],
        samples: &[
            hit("usr/bin/mongod", b"\x006.0.27\0tcmalloc\0", "mongodb 6.0.27"),
            hit("usr/bin/mongod", b"\x007.0.28\0\0heap_size\0", "mongodb 7.0.28"),
            hit("usr/bin/mongod", b"\x008.0.17\0cppdefines\0", "mongodb 8.0.17"),
            miss("usr/bin/mongod", b"\x006.0\0tcmalloc\0"),
        ],
    },
    Program {
        name: "mosquitto",
        cpe: "eclipse:mosquitto",
        files: &[Named("mosquitto")],
        form: Native,
        rules: &[before(b"\0mosquitto version %s", THREE)],
        samples: &[
            hit("usr/sbin/mosquitto", b"remapping.\x002.0.11\0mosquitto version %s\n\n\0", "mosquitto 2.0.11"),
            miss("usr/sbin/mosquitto", b"\x002.0\0mosquitto version %s\n\0"),
        ],
    },
    Program {
        name: "mysql",
        cpe: "oracle:mysql",
        files: &[
            Named("mysql"),
            Named("mysqld"),
            Named("mariadb"),
            Named("mariadbd"),
            Named("mysqldump"),
            Named("mariadb-dump"),
        ],
        form: Native,
        rules: &[
            before(b"-MariaDB", numbers(3, 3)).names("mariadb", "mariadb:mariadb"),
            after(b"/Percona-XtraDB-Cluster-", THREE.any())
                .names("percona-xtradb-cluster", "percona:xtradb_cluster"),
            after(b"/percona-server-", THREE.any()).names("percona-server", "percona:percona_server"),
            after(b"/mysql-", THREE).beyond(&[b"/", b"-"]),
            before(b"\0mysql_real_esc", THREE).beyond(&[b"\0"]),
            before(b"\0MySQL Community Server", THREE).beyond(&[b"\0"]),
        ],
        samples: &[
            hit(
                "usr/sbin/mariadbd",
                b"Unknown\0-0+deb12u1\x0010.11.19-MariaDB\0x86_64\0debian-linux-gnu\0",
                "mariadb 10.11.19",
            ),
            hit("usr/bin/mysql", b"shutdown\x008.0.37\0\0\0\0\0mysql_real_escape_string", "mysql 8.0.37"),
            hit(
                "usr/sbin/mysqld",
                b"/export/home/pb2/build/sb_0-26781090/release/mysql-8.0.4-rc/mysys_ssl/my_default.cc",
                "mysql 8.0.4-rc",
            ),
            hit(
                "usr/sbin/mysqld",
                b"/mnt/workspace/rpmbuild/BUILD/percona-server-8.0.35-27/percona-server-8.0.35-27/sql/x.cc /mysql-8.0.35/x",
                "percona-server 8.0.35-27",
            ),
            miss("usr/bin/mysql", b"\0/usr/share/mysql-8.0\0mysql_native_password\0"),
        ],
    },
    Program {
        name: "nats-server",
        cpe: "nats:nats_server",
        files: &[Named("nats-server")],
        form: Native,
        rules: &[
            after(b"mod\tgithub.com/nats-io/nats-server/v2\tv", THREE.any()),
            after(b"server.serverVersion=", THREE.any()),
            linked(),
        ],
        samples: &[
            hit(
                "nats-server",
                b"mod\tgithub.com/nats-io/nats-server/v2\tv2.10.7\th1:f5VDy+GMu7JyuFA0Fef+6TfulfCs5nBTgq7MMkFJx5Y=\n",
                "nats-server 2.10.7",
            ),
            miss("nats-server", b"dep\tgithub.com/nats-io/nats.go\tv1.31.0\n"),
        ],
    },
    Program {
        name: "neo4j",
        cpe: "neo4j:neo4j",
        files: &[Jar("neo4j-")],
        form: Zip,
        rules: &[in_name(THREE)],
        samples: &[
            hit("var/lib/neo4j/lib/neo4j-5.14.0.jar", b"", "neo4j 5.14.0"),
            miss("var/lib/neo4j/lib/neo4j-kernel-5.14.0.jar", b""),
        ],
    },
    Program {
        name: "openldap",
        cpe: "openldap:openldap",
        files: &[Named("slapd"), Named("ldapsearch"), Named("ldapmodify")],
        form: Native,
        rules: &[after(b"$OpenLDAP: slapd ", THREE), after(b"$OpenLDAP: ldapsearch ", THREE), after(b"$OpenLDAP: ldapmodify ", THREE)],
        samples: &[
            hit("usr/sbin/slapd", b"\0@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb  8 2023 01:56:12) $\n\t", "openldap 2.5.13"),
            miss("usr/sbin/slapd", b"\0@(#) $OpenLDAP: slapd$\0( 2.5.13.0 NAME"),
        ],
    },
    Program {
        name: "opensearch",
        cpe: "amazon:opensearch",
        files: &[Jar("opensearch-")],
        form: Zip,
        rules: &[in_name(THREE)],
        samples: &[
            hit("usr/share/opensearch/lib/opensearch-2.11.0.jar", b"", "opensearch 2.11.0"),
            miss("usr/share/opensearch/lib/opensearch-core-2.11.0.jar", b""),
        ],
    },
    Program {
        name: "percona-xtrabackup",
        cpe: "percona:xtrabackup",
        files: &[Named("xtrabackup")],
        form: Native,
        rules: &[after(b"/percona-xtrabackup-", THREE.any())],
        samples: &[
            hit("usr/bin/xtrabackup", b"/percona-xtrabackup-8.0.35-30/storage/innobase/x.cc\0", "percona-xtrabackup 8.0.35-30"),
            miss("usr/bin/xtrabackup", b"/usr/share/percona-xtrabackup-80/x\0"),
        ],
    },
    Program {
        name: "postgresql",
        cpe: "postgresql:postgresql",
        files: &[Named("postgres"), Named("psql"), Named("pg_dump"), Named("initdb")],
        form: Native,
        rules: &[
            after(b"\0PostgreSQL ", numbers(1, 3).pre()),
            after(b" (PostgreSQL) ", numbers(1, 3).pre()),
        ],
        samples: &[
            hit(
                "usr/local/bin/postgres",
                b"destination \"%s\".\0\0\0\0\0\0PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu",
                "postgresql 15.20",
            ),
            hit("usr/local/bin/psql", b"\0psql (PostgreSQL) 17beta1\n\0", "postgresql 17beta1"),
            miss("usr/local/bin/postgres", b"\0PostgreSQL stand-alone backend %s\n\0PostgreSQL %d.%d\0"),
        ],
    },
    Program {
        name: "rabbitmq",
        cpe: "vmware:rabbitmq",
        files: &[Path("ebin/rabbit.app")],
        form: Text,
        rules: &[after(b"{vsn,\"", THREE.any()), after(b"{vsn, \"", THREE.any())],
        samples: &[
            hit(
                "opt/rabbitmq/plugins/rabbit-3.10.8/ebin/rabbit.app",
                b"{application, 'rabbit', [\n\t{description, \"RabbitMQ\"},\n\t{vsn, \"3.10.8\"},\n",
                "rabbitmq 3.10.8",
            ),
            miss("opt/rabbitmq/plugins/rabbit-3.10.8/ebin/rabbit.app", b"{application, 'rabbit', []}."),
        ],
    },
    Program {
        name: "redis",
        cpe: "redis:redis",
        files: &[Named("redis-server"), Named("redis-cli"), Named("redis-check-rdb")],
        form: Native,
        rules: &[
            built(b"000000000", THREE),
            row(b"\0c11-builtin\0", THREE),
            row(b"\0atomic-builtin\0", THREE),
            after(b"Redis version ", THREE),
            before(b"\0 (git:%s", THREE),
        ],
        samples: &[
            hit(
                "usr/local/bin/redis-server",
                b"upstart\0err\x007.0.15\0c11-builtin\0shutdown_in_milliseconds:%I\r\n\0",
                "redis 7.0.15",
            ),
            hit(
                "usr/local/bin/redis-server",
                b"\0distrib_zsets_items\x008.0.2\x0014.2.0\0c11-builtin\0shutdown_in_milliseconds:%I\r\n\0",
                "redis 8.0.2",
            ),
            hit(
                "usr/local/bin/redis-server",
                b"2E\x004E\0txt\x008.0.21778644800000000000\0Running mode=%s, port=%d.\0",
                "redis 8.0.2",
            ),
            hit("usr/local/bin/redis-server", b"\x007.0.14buildkitsandbox-1702957741000000000\0", "redis 7.0.14"),
            hit("usr/local/bin/redis-server", b"\x004.0.11841ce7054bd9-1542359302000000000\0", "redis 4.0.11"),
            hit("usr/local/bin/redis-cli", b"TLS Error: %s\n\x007.0.15\0 (git:%s\0-dirty\0", "redis 7.0.15"),
            miss("usr/local/bin/redis-server", b"\x0017.0.15zz1790282056000000000\x007.0\0c11-builtin\0Redis version=%s"),
        ],
    },
    Program {
        name: "solr",
        cpe: "apache:solr",
        files: &[Jar("solr-core-")],
        form: Zip,
        rules: &[in_name(THREE)],
        samples: &[
            hit("opt/solr/server/solr-webapp/webapp/WEB-INF/lib/solr-core-9.4.0.jar", b"", "solr 9.4.0"),
            miss("opt/solr/lib/solr-solrj-9.4.0.jar", b""),
        ],
    },
    Program {
        name: "spark",
        cpe: "apache:spark",
        files: &[Jar("spark-core_2.12-"), Jar("spark-core_2.13-")],
        form: Zip,
        rules: &[in_name(THREE.any())],
        samples: &[
            hit("opt/spark/jars/spark-core_2.12-3.5.0.jar", b"", "spark 3.5.0"),
            miss("opt/spark/jars/spark-sql_2.12-3.5.0.jar", b""),
        ],
    },
    Program {
        name: "valkey",
        cpe: "lfprojects:valkey",
        files: &[Named("valkey-server"), Named("valkey-cli"), Named("valkey-check-rdb")],
        form: Native,
        rules: &[
            built(b"000000000", THREE).beyond(&[b"valkey", b"\0"]),
            before(b"\0 (git:%s", THREE),
        ],
        samples: &[
            hit("usr/local/bin/valkey-server", b"\x008.0.1buildkitsandbox-1731024018000000000\0", "valkey 8.0.1"),
            hit("usr/local/bin/valkey-cli", b"\x009.0.0\0 (git:%s\0", "valkey 9.0.0"),
            miss("usr/local/bin/valkey-server", b"\0buildkitsandbox-1731024018000000000\0"),
        ],
    },
];
