//! Groups of widely used artifacts whose jars state none: those that Gradle and Ant build carry no
//! `pom.properties`. A row counts only if the jar holds the classes that it names, so that a file
//! that merely has the name is not mistaken.

/// Artifact (a prefix where it ends with `-`), group, folder that holds classes of it.
const KNOWN: &[(&str, &str, &str)] = &[
    ("HikariCP", "com.zaxxer", "com/zaxxer/hikari"),
    ("RoaringBitmap", "org.roaringbitmap", "org/roaringbitmap"),
    ("activation", "javax.activation", "javax/activation"),
    ("annotations", "org.jetbrains", "org/jetbrains/annotations"),
    ("ant", "org.apache.ant", "org/apache/tools"),
    ("ant-", "org.apache.ant", "org/apache/tools"),
    ("antlr", "antlr", "antlr"),
    ("aopalliance", "aopalliance", "org/aopalliance"),
    ("arpack_combined_all", "net.sourceforge.f2j", "org/netlib"),
    ("asm", "org.ow2.asm", "org/objectweb/asm"),
    ("asm-", "org.ow2.asm", "org/objectweb/asm"),
    ("aspectjrt", "org.aspectj", "org/aspectj"),
    ("aspectjweaver", "org.aspectj", "org/aspectj"),
    ("bcpg-", "org.bouncycastle", "org/bouncycastle"),
    ("bcpkix-", "org.bouncycastle", "org/bouncycastle"),
    ("bcprov-", "org.bouncycastle", "org/bouncycastle"),
    ("bctls-", "org.bouncycastle", "org/bouncycastle"),
    ("bcutil-", "org.bouncycastle", "org/bouncycastle"),
    ("bson", "org.mongodb", "org/bson"),
    ("cglib", "cglib", "net/sf/cglib"),
    (
        "commons-beanutils",
        "commons-beanutils",
        "org/apache/commons",
    ),
    ("commons-codec", "commons-codec", "org/apache/commons"),
    (
        "commons-collections",
        "commons-collections",
        "org/apache/commons",
    ),
    (
        "commons-collections4",
        "org.apache.commons",
        "org/apache/commons",
    ),
    (
        "commons-compress",
        "org.apache.commons",
        "org/apache/commons",
    ),
    (
        "commons-fileupload",
        "commons-fileupload",
        "org/apache/commons",
    ),
    ("commons-io", "commons-io", "org/apache/commons"),
    ("commons-lang", "commons-lang", "org/apache/commons"),
    ("commons-lang3", "org.apache.commons", "org/apache/commons"),
    ("commons-logging", "commons-logging", "org/apache/commons"),
    ("commons-text", "org.apache.commons", "org/apache/commons"),
    ("dom4j", "org.dom4j", "org/dom4j"),
    ("elasticsearch", "org.elasticsearch", "org/elasticsearch"),
    ("elasticsearch-", "org.elasticsearch", "org/elasticsearch"),
    ("groovy", "org.codehaus.groovy", "org/codehaus/groovy"),
    ("groovy-", "org.codehaus.groovy", "org/codehaus/groovy"),
    ("grpc-", "io.grpc", "io/grpc"),
    ("guava", "com.google.guava", "com/google/common"),
    ("guice", "com.google.inject", "com/google/inject"),
    (
        "guice-",
        "com.google.inject.extensions",
        "com/google/inject",
    ),
    ("h2", "com.h2database", "org/h2"),
    ("hamcrest", "org.hamcrest", "org/hamcrest"),
    ("hamcrest-", "org.hamcrest", "org/hamcrest"),
    ("hibernate-core", "org.hibernate", "org/hibernate"),
    ("jasper", "org.apache.tomcat", "org/apache/jasper"),
    ("joda-time", "joda-time", "org/joda/time"),
    ("jodd-core", "org.jodd", "jodd"),
    ("jsr305", "com.google.code.findbugs", "javax/annotation"),
    ("jta", "javax.transaction", "javax/transaction"),
    ("junit", "junit", "org/junit"),
    ("junit-jupiter-", "org.junit.jupiter", "org/junit/jupiter"),
    (
        "junit-platform-",
        "org.junit.platform",
        "org/junit/platform",
    ),
    ("kafka-clients", "org.apache.kafka", "org/apache/kafka"),
    ("kafka-streams", "org.apache.kafka", "org/apache/kafka"),
    ("kotlin-", "org.jetbrains.kotlin", "kotlin"),
    (
        "kotlinx-coroutines-",
        "org.jetbrains.kotlinx",
        "kotlinx/coroutines",
    ),
    ("lettuce-core", "io.lettuce", "io/lettuce"),
    ("libfb303", "org.apache.thrift", "com/facebook/fb303"),
    ("libthrift", "org.apache.thrift", "org/apache/thrift"),
    ("log4j", "log4j", "org/apache/log4j"),
    ("log4j-", "org.apache.logging.log4j", "org/apache/logging"),
    ("lucene-", "org.apache.lucene", "org/apache/lucene"),
    ("lz4-java", "org.lz4", "net/jpountz"),
    (
        "mariadb-java-client",
        "org.mariadb.jdbc",
        "org/mariadb/jdbc",
    ),
    ("micrometer-", "io.micrometer", "io/micrometer"),
    ("mongo-java-driver", "org.mongodb", "com/mongodb"),
    ("mongodb-driver", "org.mongodb", "com/mongodb"),
    ("mongodb-driver-", "org.mongodb", "com/mongodb"),
    ("mysql-connector-j", "com.mysql", "com/mysql"),
    ("mysql-connector-java", "mysql", "com/mysql"),
    ("netty-", "io.netty", "io/netty"),
    ("objenesis", "org.objenesis", "org/objenesis"),
    ("ojdbc8", "com.oracle.database.jdbc", "oracle/jdbc"),
    ("okhttp", "com.squareup.okhttp3", "okhttp3"),
    ("okio", "com.squareup.okio", "okio"),
    ("okio-", "com.squareup.okio", "okio"),
    ("opentelemetry-", "io.opentelemetry", "io/opentelemetry"),
    ("oro", "oro", "org/apache/oro"),
    ("postgresql", "org.postgresql", "org/postgresql"),
    ("py4j", "net.sf.py4j", "py4j"),
    ("quartz", "org.quartz-scheduler", "org/quartz"),
    (
        "reactive-streams",
        "org.reactivestreams",
        "org/reactivestreams",
    ),
    ("reactor-core", "io.projectreactor", "reactor/core"),
    ("reactor-netty-", "io.projectreactor.netty", "reactor/netty"),
    ("rocksdbjni", "org.rocksdb", "org/rocksdb"),
    ("rxjava", "io.reactivex.rxjava3", "io/reactivex/rxjava3"),
    ("scala-library", "org.scala-lang", "scala"),
    ("scala-reflect", "org.scala-lang", "scala/reflect"),
    ("shims", "org.roaringbitmap", "org/roaringbitmap"),
    ("slf4j-", "org.slf4j", "org/slf4j"),
    ("snakeyaml", "org.yaml", "org/yaml/snakeyaml"),
    ("spring-", "org.springframework", "org/springframework"),
    (
        "spring-amqp",
        "org.springframework.amqp",
        "org/springframework/amqp",
    ),
    (
        "spring-batch-",
        "org.springframework.batch",
        "org/springframework/batch",
    ),
    (
        "spring-boot",
        "org.springframework.boot",
        "org/springframework/boot",
    ),
    (
        "spring-boot-",
        "org.springframework.boot",
        "org/springframework/boot",
    ),
    (
        "spring-cloud-",
        "org.springframework.cloud",
        "org/springframework/cloud",
    ),
    (
        "spring-data-",
        "org.springframework.data",
        "org/springframework/data",
    ),
    (
        "spring-integration-",
        "org.springframework.integration",
        "org/springframework/integration",
    ),
    (
        "spring-kafka",
        "org.springframework.kafka",
        "org/springframework/kafka",
    ),
    (
        "spring-ldap-core",
        "org.springframework.ldap",
        "org/springframework/ldap",
    ),
    (
        "spring-plugin-",
        "org.springframework.plugin",
        "org/springframework/plugin",
    ),
    (
        "spring-rabbit",
        "org.springframework.amqp",
        "org/springframework/amqp",
    ),
    (
        "spring-retry",
        "org.springframework.retry",
        "org/springframework/retry",
    ),
    (
        "spring-security-",
        "org.springframework.security",
        "org/springframework/security",
    ),
    (
        "spring-session-",
        "org.springframework.session",
        "org/springframework/session",
    ),
    (
        "spring-ws-",
        "org.springframework.ws",
        "org/springframework/ws",
    ),
    ("testng", "org.testng", "org/testng"),
    ("tomcat-", "org.apache.tomcat", "org/apache"),
    ("tomcat-embed-", "org.apache.tomcat.embed", "org/apache"),
    ("velocity", "org.apache.velocity", "org/apache/velocity"),
    ("xalan", "xalan", "org/apache/xalan"),
    ("xercesImpl", "xerces", "org/apache/xerces"),
    ("xml-apis", "xml-apis", "org/w3c/dom"),
    (
        "xstream",
        "com.thoughtworks.xstream",
        "com/thoughtworks/xstream",
    ),
];

/// Artifacts of Tomcat's own distribution, whose file names lack its prefix.
const TOMCAT: &[&str] = &[
    "annotations-api",
    "bootstrap",
    "catalina",
    "catalina-ant",
    "catalina-ha",
    "el-api",
    "jasper",
    "jasper-el",
    "jaspic-api",
    "jsp-api",
    "servlet-api",
    "ssi",
    "storeconfig",
    "tomcat-api",
    "tomcat-coyote",
    "tomcat-dbcp",
    "tomcat-i18n-de",
    "tomcat-jdbc",
    "tomcat-jni",
    "tomcat-juli",
    "tomcat-util",
    "tomcat-util-scan",
    "tomcat-websocket",
    "tribes",
    "websocket-api",
];

/// Finds the group and the artifact's name in the repository, by the artifact as the file calls it,
/// the title in the manifest, and whether the jar holds classes in a folder.
pub(super) fn known(
    artifact: &str,
    title: &str,
    holds: impl Fn(&str) -> bool,
) -> Option<(&'static str, String)> {
    // Debian's names carry the major version: `tomcat9-juli`.
    let renamed = ["tomcat9-", "tomcat10-", "tomcat11-"]
        .iter()
        .find_map(|prefix| artifact.strip_prefix(prefix));
    if renamed.is_some() || title == "Apache Tomcat" && artifact != "bootstrap" {
        let own = renamed.unwrap_or(artifact);
        // The distribution's files lie under other names than in the repository.
        let own = match own {
            "catalina-ssi" | "catalina-storeconfig" | "catalina-tribes" => {
                own.strip_prefix("catalina-").unwrap_or(own)
            }
            own => own,
        };
        let full = if own.starts_with("tomcat-") {
            own.to_owned()
        } else {
            format!("tomcat-{own}")
        };
        let listed = TOMCAT
            .iter()
            .any(|name| name.strip_prefix("tomcat-").unwrap_or(name) == own || *name == own);
        if listed || full.starts_with("tomcat-i18n-") {
            return Some(("org.apache.tomcat", full));
        }
    }
    KNOWN
        .iter()
        .filter(|(name, _, folder)| {
            let named = artifact == *name || name.ends_with('-') && artifact.starts_with(name);
            named && holds(folder)
        })
        // `spring-boot-` before `spring-`.
        .max_by_key(|(name, _, _)| name.len())
        .map(|(_, group, _)| (*group, artifact.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_row_counts_and_only_with_its_classes() {
        let spring = |folder: &str| "org/springframework/boot".starts_with(folder);
        let found = |artifact| known(artifact, "", spring).map(|(group, _)| group);
        assert_eq!(
            found("spring-boot-loader"),
            Some("org.springframework.boot")
        );
        assert_eq!(found("spring-core"), Some("org.springframework"));
        assert_eq!(found("guava"), None);
        let tomcat = known("catalina", "Apache Tomcat", |_| false);
        assert_eq!(
            tomcat,
            Some(("org.apache.tomcat", "tomcat-catalina".to_owned()))
        );
    }
}
